package editor

import (
	"context"
	"errors"
	"fmt"
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/page"
)

// openFile lets the user choose a file and reads it beside. Of one that is larger than most, in bytes, one byte more is read: whoever gets it sees that
// it is too large.
func openFile(env page.Env, most int64, then func([]byte)) {
	d := dialog.NewFileOpen(func(reader fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			env.Failed(err)
		case reader != nil:
			env.Go(func(context.Context) {
				data, err := io.ReadAll(io.LimitReader(reader, most+1))
				err = errors.Join(err, reader.Close())
				env.Post(func() {
					if err != nil {
						env.Failed(fmt.Errorf("read file: %w", err))
						return
					}
					then(data)
				})
			})
		}
	}, env.Window)
	env.ShowFiles(d)
}

// browse lets the user choose a file or a folder of theirs.
func (p *Page) browse(kind Kind, into *widget.Entry) {
	if kind == Folder {
		d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
			switch {
			case err != nil:
				p.env.Failed(err)
			case folder != nil:
				into.SetText(folder.Path())
			}
		}, p.env.Window)
		p.env.ShowFiles(d)
		return
	}
	d := dialog.NewFileOpen(func(reader fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			p.env.Failed(err)
		case reader != nil:
			if err := reader.Close(); err != nil {
				p.env.Logger.Debug("close chosen file", "error", err)
			}
			into.SetText(reader.URI().Path())
		}
	}, p.env.Window)
	p.env.ShowFiles(d)
}
