package diagnosis

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// checkInternet asks a server on the Internet for a page that is known.
func checkInternet(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	if x.Probes.Off {
		return one(InternetUnknown)
	}
	answer, err := x.fetch(ctx, x.Probes.InternetURL)
	switch {
	case err != nil && notFound(err):
		return one(InternetUnresolved, err.Error())
	case err != nil:
		return one(InternetUnreachable, err.Error())
	}
	return []Check{say(InternetOK)}, func(f *facts) { f.web = answer }
}

// checkPortal looks whether somebody else answered: a redirect, another page, or status 511 (RFC 6585 section 6). NetworkManager and
// Chromium find the sign-in pages of networks in the same way.
func checkPortal(_ context.Context, x *examination, f facts) ([]Check, learned) {
	answer := f.web
	switch {
	case answer == nil:
		return one(PortalUnknown)
	case answer.is(x.Probes.Expected):
		return one(PortalNone)
	case answer.status >= 300 && answer.status < 400:
		return one(PortalFound, "the network leads to "+hostOf(answer.location))
	case answer.status == http.StatusNetworkAuthenticationRequired:
		return one(PortalFound, "the network says so")
	case answer.status >= 500:
		return one(PortalUnknown, fmt.Sprintf("the server answered with status %d", answer.status))
	default:
		return one(PortalFound, fmt.Sprintf("another page came than the one that was asked for (status %d)", answer.status))
	}
}

// hostOf is the host of a URL. The rest may hold anything.
func hostOf(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return "another page"
	}
	return u.Hostname()
}

// clockTolerance is how wrong a clock may be: Entra takes tokens of at most five minutes ago or ahead, as Kerberos does.
const clockTolerance = 5 * time.Minute

// checkClock compares the clock with that of a server that proved who it is, else with the page of checkInternet.
func checkClock(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	kept := ""
	notKept := false
	if f.computer != nil && f.computer.ClockKept != nil {
		notKept = !*f.computer.ClockKept
		kept = "it is synchronised over the network"
		if notKept {
			kept = "it is not synchronised over the network"
		}
	}
	theirs, source := x.time(ctx, f)
	if theirs.IsZero() {
		if notKept {
			return one(ClockNotKept)
		}
		return one(ClockUnknown, kept)
	}
	off := x.now().Sub(theirs).Round(time.Second)
	detail := fmt.Sprintf("it differs by %v from %s", off, source)
	switch {
	case off.Abs() > clockTolerance:
		return one(ClockWrong, detail, kept)
	case notKept && off.Abs() > 30*time.Second:
		return one(ClockNotKept, detail)
	default:
		return one(ClockOK, detail, kept)
	}
}

// time is what a server's clock says; zero: no server said. A sign-in page's clock says nothing.
func (x *examination) time(ctx context.Context, f facts) (time.Time, string) {
	if x.Probes.Off || f.web == nil {
		return time.Time{}, ""
	}
	if answer, err := x.fetch(ctx, x.Probes.ClockURL); err == nil && !answer.date.IsZero() {
		return answer.date, hostOf(x.Probes.ClockURL)
	}
	if f.web.is(x.Probes.Expected) {
		return f.web.date, hostOf(x.Probes.InternetURL)
	}
	return time.Time{}, ""
}
