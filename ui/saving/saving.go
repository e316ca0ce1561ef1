// Package saving asks where a file is to go, and puts it there.
package saving

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"github.com/footbridge-vpn/footbridge/ui/page"
)

// Ask shows the dialog for a file of a suggested name, such as "footbridge.log", and calls then with the path that the user chose.
func Ask(env page.Env, suggested string, then func(path string)) {
	d := dialog.NewFileSave(func(chosen fyne.URIWriteCloser, err error) {
		switch {
		case err != nil:
			env.Failed(err)
			return
		case chosen == nil:
			return // the user changed their mind
		}
		if err := chosen.Close(); err != nil {
			env.Logger.Debug("close chosen file", "error", err)
		}
		then(chosen.URI().Path())
	}, env.Window)
	d.SetFileName(suggested)
	if home, err := os.UserHomeDir(); err == nil {
		if folder, err := storage.ListerForURI(storage.NewFileURI(home)); err == nil {
			d.SetLocation(folder)
		}
	}
	env.ShowFiles(d)
}

// Write writes a file whole or not at all, readable by its owner only. An existing file is replaced.
func Write(path string, content []byte) error {
	beside, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("save file: %w", err)
	}
	_, err = beside.Write(content)
	if err := errors.Join(err, beside.Close()); err != nil {
		return errors.Join(fmt.Errorf("save file: %w", err), os.Remove(beside.Name()))
	}
	if err := os.Rename(beside.Name(), path); err != nil {
		return errors.Join(fmt.Errorf("save file: %w", err), os.Remove(beside.Name()))
	}
	return nil
}
