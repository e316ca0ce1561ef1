package report

import (
	"archive/zip"
	"os"
	"time"
)

// writeZIP writes the files into a ZIP.
func writeZIP(path string, files []file, now time.Time) (int64, error) {
	return replaceFile(path, func(out *os.File) error {
		archive := zip.NewWriter(out)
		for _, f := range files {
			header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: now.UTC()}
			header.SetMode(0o600)
			w, err := archive.CreateHeader(header)
			if err != nil {
				return err
			}
			if _, err := w.Write([]byte(f.content)); err != nil {
				return err
			}
		}
		return archive.Close()
	})
}
