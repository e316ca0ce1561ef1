package connection

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// rates says how fast a connection is in both directions, and how much it carried. An arrow in the colour of the graph's line stands before
// each, so that it is the graph's legend too.
type rates struct {
	texts   *language.Texts
	content fyne.CanvasObject
	in, out *widget.Label
}

func newRates(texts *language.Texts) *rates {
	r := &rates{texts: texts, in: widget.NewLabel(""), out: widget.NewLabel("")}
	r.content = flow.New(legend(look.Down(), r.in), legend(look.Up(), r.out))
	return r
}

func legend(arrow fyne.Resource, label *widget.Label) fyne.CanvasObject {
	return container.NewHBox(container.NewCenter(look.NewIcon(arrow, 16)), label)
}

// fresh is how long the last sample counts as what is happening now.
const fresh = 5 * time.Second

func (r *rates) show(now time.Time, samples []control.Sample, in, out uint64) {
	var last control.Sample
	if n := len(samples); n > 0 && now.Sub(samples[n-1].At) < fresh {
		last = samples[n-1]
	}
	r.in.SetText(r.texts.Text("ui.connection.rate-in", language.Values{"Rate": r.texts.Rate(last.In), "Total": r.texts.Bytes(in)}))
	r.out.SetText(r.texts.Text("ui.connection.rate-out", language.Values{"Rate": r.texts.Rate(last.Out), "Total": r.texts.Bytes(out)}))
	r.content.Refresh() // as wide as the words
}
