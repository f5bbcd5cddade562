//go:build !unix

package store

import (
	"fmt"
	"os"
)

// lockFile opens the side file. Where the system knows no flock nothing keeps a
// second process out.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the database: %w", err)
	}
	return f, nil
}
