// Package fromazure is the page where an administrator of Azure gets the profile of a gateway: signs in, chooses, and has it generated.
package fromazure

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/signin"
)

// Administrator is Azure as an administrator sees it: an *azure.Client.
type Administrator interface {
	Gateways(context.Context) (azure.Found, error)
	Profile(context.Context, azure.ProfileRequest) (azure.Package, error)
}

// SignIn is whom to ask, and how.
type SignIn struct {
	Cloud  string // a name of azure.Clouds, or the https address of a resource manager
	Tenant string // GUID or name; empty: the account's own
	Way    azure.SignIn
}

// Opener makes an administrator of a sign-in, which happens when something is asked first. Progress is called by any goroutine.
type Opener func(ctx context.Context, chosen SignIn, asker signin.Asker, progress func(azure.Progress)) (Administrator, error)

// Step is how far the administrator is.
type Step string

// The steps. The zero value is the first.
const (
	Choosing   Step = ""          // how to sign in
	Looking    Step = "looking"   // for gateways
	Picking    Step = "picking"   // a gateway
	Generating Step = "generates" // Azure does, the profile
)

// Presenter is where the administrator is, and what was found. It belongs to one goroutine: the one that post posts to.
type Presenter struct {
	open    Opener
	asker   signin.Asker
	post    func(func())
	run     func(func(context.Context))
	now     func() time.Time
	changed func()              // what is shown changed
	fetched func(azure.Package) // a profile is there

	step     Step
	admin    Administrator
	found    azure.Found
	err      error // why the last thing did not work
	progress *azure.Progress
	began    time.Time
	cancel   context.CancelFunc // of what runs
	number   int                // of what runs: what ended since is of no interest
	signIns  int                // so far

	chosen         string // id of the gateway
	authentication azure.Authentication
	global         bool
}

// Step is how far the administrator is; Err is why the last thing did not work, nil where it did.
func (p *Presenter) Step() Step { return p.step }
func (p *Presenter) Err() error { return p.err }

// Progress is what Azure is doing, nil where that is not known, and for how long something has been done.
func (p *Presenter) Progress() (*azure.Progress, time.Duration) {
	return p.progress, p.now().Sub(p.began)
}

// Refused are the subscriptions that could not be searched.
func (p *Presenter) Refused() []azure.Refused { return p.found.Refused }

// Find are the gateways in whose name, group, subscription or place all the words are.
func (p *Presenter) Find(words string) []azure.Gateway {
	wanted := strings.Fields(strings.ToLower(words))
	var found []azure.Gateway
	for _, g := range p.found.Gateways {
		text := strings.ToLower(g.Name + " " + g.ResourceGroup + " " + g.SubscriptionName + " " + g.Location)
		if !slices.ContainsFunc(wanted, func(word string) bool { return !strings.Contains(text, word) }) {
			found = append(found, g)
		}
	}
	return found
}

// Look signs in and looks for gateways.
func (p *Presenter) Look(chosen SignIn) {
	chosen.Cloud, chosen.Tenant = strings.TrimSpace(chosen.Cloud), strings.TrimSpace(chosen.Tenant)
	p.signIns++
	mine := p.signIns
	report := func(progress azure.Progress) { p.post(func() { p.report(mine, progress) }) }
	p.begin(Looking, Choosing, func(ctx context.Context) (func(), error) {
		admin, err := p.open(ctx, chosen, p.asker, report)
		if err != nil {
			return nil, err
		}
		found, err := admin.Gateways(ctx)
		if err != nil {
			return nil, err
		}
		return func() {
			p.step, p.admin, p.found, p.chosen = Picking, admin, found, ""
			if len(found.Gateways) == 1 {
				p.choose(found.Gateways[0].ID)
			}
		}, nil
	})
}

// Chosen is the gateway that is chosen.
func (p *Presenter) Chosen() (azure.Gateway, bool) {
	for _, g := range p.found.Gateways {
		if g.ID == p.chosen && p.chosen != "" {
			return g, true
		}
	}
	return azure.Gateway{}, false
}

// Choose chooses a gateway.
func (p *Presenter) Choose(id string) {
	p.err = nil
	p.choose(id)
	p.changed()
}

func (p *Presenter) choose(id string) {
	p.chosen, p.global = id, false
	if offered := p.Offered(); !slices.Contains(offered, p.authentication) {
		p.authentication = ""
		if len(offered) > 0 {
			p.authentication = offered[0]
		}
	}
}

// Offered are the ways in which users of the chosen gateway may sign in.
func (p *Presenter) Offered() []azure.Authentication {
	if g, ok := p.Chosen(); ok && g.PointToSite != nil {
		return g.PointToSite.Authentication
	}
	return nil
}

// Authentication is the way that the profile will have, and SetAuthentication chooses it.
func (p *Presenter) Authentication() azure.Authentication     { return p.authentication }
func (p *Presenter) SetAuthentication(a azure.Authentication) { p.authentication = a }

// MayBeGlobal reports whether the chosen gateway is one of a Virtual WAN, which has a profile for all its hubs.
func (p *Presenter) MayBeGlobal() bool {
	g, ok := p.Chosen()
	return ok && g.Kind == azure.VirtualWAN
}

// Global reports whether the profile is for all hubs, and SetGlobal says so.
func (p *Presenter) Global() bool     { return p.global }
func (p *Presenter) SetGlobal(g bool) { p.global = g }

// Unusable is why the chosen gateway gives no profile; nil: it does.
func (p *Presenter) Unusable() error {
	g, ok := p.Chosen()
	if !ok {
		return nil
	}
	return g.Usable()
}

// Fetch has Azure generate the profile of the chosen gateway.
func (p *Presenter) Fetch() {
	g, ok := p.Chosen()
	if !ok || g.Usable() != nil {
		return
	}
	admin := p.admin
	request := azure.ProfileRequest{Gateway: g, Authentication: p.authentication, Global: p.global}
	p.begin(Generating, Picking, func(ctx context.Context) (func(), error) {
		found, err := admin.Profile(ctx, request)
		if err != nil {
			return nil, err
		}
		return func() {
			p.step = Picking
			p.fetched(found)
		}, nil
	})
}

// begin does something beside. After an error, or when the administrator cancels, the step is back.
func (p *Presenter) begin(step, back Step, do func(context.Context) (func(), error)) {
	if p.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.number++
	mine := p.number
	p.step, p.err, p.progress, p.began, p.cancel = step, nil, nil, p.now(), cancel
	p.run(func(program context.Context) {
		defer cancel()
		stop := context.AfterFunc(program, cancel)
		defer stop()
		then, err := do(ctx)
		p.post(func() {
			if mine != p.number || p.cancel == nil {
				return
			}
			p.cancel, p.progress = nil, nil
			if err != nil {
				p.step = back
				if !errors.Is(err, signin.ErrCancelled) && !errors.Is(err, context.Canceled) {
					p.err = err
				}
			} else {
				then()
			}
			p.changed()
		})
	})
	p.changed()
}

// report takes what the administrator of a sign-in is told.
func (p *Presenter) report(signIn int, progress azure.Progress) {
	if signIn == p.signIns && p.cancel != nil {
		p.progress = &progress
		p.changed()
	}
}

// Cancel ends what is being done.
func (p *Presenter) Cancel() {
	if p.cancel == nil {
		return
	}
	p.cancel()
	p.cancel, p.progress = nil, nil
	p.step = map[Step]Step{Looking: Choosing, Generating: Picking}[p.step]
	p.changed()
}

// Back leads to another sign-in.
func (p *Presenter) Back() {
	p.step, p.err, p.found, p.chosen, p.admin = Choosing, nil, azure.Found{}, "", nil
	p.changed()
}
