package editor

import "testing"

// From the switch for all traffic the Tab key leads through the fields below it to Cancel and Save.
func TestTabOrder(t *testing.T) {
	s := see(t, contoso(t, "cert"), options{})
	s.tab(t, "Network")
	s.Tick("Send all traffic through this connection")
	c := s.Window.Canvas()
	c.Focus(s.p.sendAll)
	for range 5 {
		c.FocusNext()
	}
	if c.Focused() != s.p.save {
		t.Errorf("%T has the focus", c.Focused())
	}
}
