package ui

import "github.com/footbridge-vpn/footbridge/ui/page"

// show puts a page where the last one was, once that can be left.
func (w *Window) show(p page.Page, connection string) {
	w.leave(func() { w.put(p, connection) })
}

// Close goes back to the list, once the page that is open can be left.
func (w *Window) Close() { w.leave(w.clear) }

// leave does something to the page that is open, unless the user has not saved what is on it and wants to keep it.
func (w *Window) leave(then func()) {
	if keeper, keeps := w.open.(page.Keeper); keeps && keeper.Keep(then) {
		w.list.Select(w.connection) // and not what was clicked, which may never be opened
		return
	}
	then()
}
