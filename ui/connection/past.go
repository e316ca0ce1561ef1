package connection

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// Historian knows the sessions that are over: api.Client.
type Historian interface {
	History(ctx context.Context, limit int) (*api.History, error)
}

// The bounds of what is shown of the past.
const (
	mostRead  = 200
	mostShown = 8
	readLimit = 5 * time.Second
)

// past lists the last sessions of a connection.
type past struct {
	env     page.Env
	content *fyne.Container
	list    *fyne.Container
	idle    bool // there is no session now
}

func newPast(env page.Env) *past {
	p := &past{env: env, list: container.NewVBox(), idle: true}
	title := widget.NewLabelWithStyle(env.Texts.Text("ui.connection.past", nil), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	p.content = container.NewVBox(widget.NewSeparator(), title, p.list)
	p.content.Hide()
	return p
}

// current notes whether there is a session, and reads the past again when one has ended.
func (p *past) current(idle bool, read func()) {
	if idle && !p.idle {
		read()
	}
	p.idle = idle
}

// readPast asks for the last sessions and shows them.
func (p *Page) readPast() {
	connection, ok := p.controller.View().Find(p.id)
	if !ok || p.history == nil || !p.shown {
		return
	}
	machine := ""
	if connection.Machine != nil {
		machine = connection.Machine.ID
	}
	p.env.Go(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, readLimit)
		defer cancel()
		history, err := p.history.History(ctx, mostRead)
		if err != nil {
			p.env.Logger.Debug("history not read", "error", err)
			return
		}
		var records []api.Record
		for _, record := range history.Records {
			if record.Profile == connection.Name && record.Machine == machine && len(records) < mostShown {
				records = append(records, record)
			}
		}
		p.env.Post(func() { p.past.show(records) })
	})
}

func (p *past) show(records []api.Record) {
	p.list.Objects = nil
	for _, record := range records {
		label := widget.NewLabel(describe(p.env.Texts, record))
		label.Wrapping = fyne.TextWrapWord
		label.SizeName = theme.SizeNameCaptionText
		p.list.Add(label)
	}
	if len(records) > 0 {
		p.content.Show()
	} else {
		p.content.Hide()
	}
	p.list.Refresh()
}

// describe tells of one session: when, how long, how much, and why it ended.
func describe(texts *language.Texts, record api.Record) string {
	values := language.Values{"Moment": texts.Moment(record.Started), "In": texts.Bytes(record.Traffic.BytesIn), "Out": texts.Bytes(record.Traffic.BytesOut)}
	reason := texts.Text("ui.ended."+string(record.Reason), nil)
	if record.Problem != nil {
		reason = present.NewTrouble(texts, record.Problem).Sentence
	}
	values["Reason"] = reason
	if record.Connected == nil {
		return texts.Text("ui.connection.never-up", values)
	}
	values["Duration"] = texts.Duration(record.Ended.Sub(*record.Connected))
	return texts.Text("ui.connection.was-up", values)
}
