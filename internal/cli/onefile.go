package cli

import (
	"io/fs"
	"testing/fstest"
)

// oneFile is a plan folder of one file.
func oneFile(text string) fs.FS {
	return fstest.MapFS{"plan.yaml": &fstest.MapFile{Data: []byte(text)}}
}
