package web

// Stylesheet is the address of the pages' style, for a page that stands beside
// them under the same roof.
func Stylesheet() (string, error) {
	a, err := loadAssets()
	if err != nil {
		return "", err
	}
	return a.url["app.css"], nil
}
