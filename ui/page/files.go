package page

import "fyne.io/fyne/v2/dialog"

// ShowFiles shows a dialog for files or folders, as large as the window. It is shown first: before that Fyne 2.8.0's has no size to be compared
// with, and Resize panics.
func (e Env) ShowFiles(d *dialog.FileDialog) {
	d.Show()
	d.Resize(e.Window.Canvas().Size())
}
