package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
)

// Options describes a demonstration.
type Options struct {
	Lab        lab.Options
	Footbridge string    // path of the footbridge program
	Fetch      []string  // the command that calls Fetch with the arguments that follow: an address and a count
	Out        io.Writer // where to tell what happens
}

// connectTimeout is how long the tunnel may take to come up.
const connectTimeout = 60 * time.Second

// ErrFailed says that a step did not go as it should, which was told.
var ErrFailed = errors.New("the demo did not go as it should, see above")

// Run shows everything and takes it down again. It fails with ErrFailed where a step did not go as it should.
func Run(ctx context.Context, options Options) error {
	program, err := filepath.Abs(options.Footbridge)
	if err != nil {
		return fmt.Errorf("run demo: %w", err)
	}
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("run demo: the footbridge program: %w (make build)", err)
	}
	options.Footbridge = program
	d := &demo{Options: options}
	err = d.run(ctx)
	switch {
	case ctx.Err() != nil:
		d.tell("Interrupted.")
	case err != nil:
		d.tell("This step did not go as it should: %v", err)
	}
	if errors.Join(err, d.takeDown()) != nil {
		return ErrFailed
	}
	return nil
}

// demo is a demonstration under way.
type demo struct {
	Options
	step   int
	lab    *lab.Lab
	client *client
	before laptop // before the tunnel
}

func (d *demo) run(ctx context.Context) error {
	for _, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"Make a laptop, and a gateway like Azure's with two networks behind it", d.setUp},
		{"Look around without a tunnel", d.lookAround},
		{"Import the package and connect", d.connect},
		{"Visit Azure and the premises through the tunnel, by name", d.visit},
		{"Visit an unrelated page on the internet", d.visitOutside},
		{"Disconnect", d.disconnect},
	} {
		d.title(step.title)
		if err := step.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) title(text string) {
	d.step++
	fmt.Fprintf(d.Out, "\n%d. %s\n", d.step, text)
}

func (d *demo) tell(format string, values ...any) {
	text := fmt.Sprintf(format, values...)
	fmt.Fprintf(d.Out, "   %s\n", strings.ReplaceAll(text, "\n", "\n   "))
}

func (d *demo) setUp(ctx context.Context) (err error) {
	if d.lab, err = lab.Up(ctx, d.Lab); err != nil {
		return err
	}
	if err := d.lab.Note(); err != nil {
		return err
	}
	d.tell("Both are network namespaces of this machine, joined by a cable. Nothing leaves it.")
	d.tell("The gateway is %s,\nlistening on port 443.", d.lab.Host)
	for _, site := range []*lab.Site{d.lab.VNet, d.lab.OnPremises} {
		d.tell("Behind it is %s with http://%s/", site.Routes[0], site.Host)
	}
	d.tell("The profile package, as Azure would generate it, is %s", filepath.Base(d.lab.Files.Package))
	return nil
}

func (d *demo) lookAround(ctx context.Context) (err error) {
	for _, site := range []*lab.Site{d.lab.VNet, d.lab.OnPremises} {
		if page, err := d.fetch(ctx, site.Host, 1); err == nil {
			return fmt.Errorf("http://%s/ answers without a tunnel: %s", site.Host, page)
		}
		if page, err := d.fetch(ctx, site.Address.String(), 1); err == nil {
			return fmt.Errorf("http://%s/ answers without a tunnel: %s", site.Address, page)
		}
	}
	d.tell("Neither page can be reached, by name or by address. As it should be.")
	if _, err := d.fetch(ctx, d.lab.Outside.Host, 1); err != nil {
		return err
	}
	d.tell("http://%s/, which has nothing to do with the gateway, can.", d.lab.Outside.Host)
	d.before, err = look(ctx, d.lab)
	return err
}

func (d *demo) connect(ctx context.Context) (err error) {
	d.tell("footbridge run %s --cert %s --key %s", filepath.Base(d.lab.Files.Package), filepath.Base(d.lab.Files.Certificate), filepath.Base(d.lab.Files.Key))
	if d.client, err = startClient(ctx, d.lab, d.Footbridge); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	start := time.Now()
	session, err := d.client.connected(waiting, d.tell)
	if err != nil {
		return err
	}
	d.tell("Connected after %d ms: %s over %s, %s.", time.Since(start).Milliseconds(), session.TLSVersion, strings.ToUpper(session.Transport), session.Cipher)
	d.tell("Address %s on %s", list(session.Addresses), session.Interface)
	d.tell("Routes  %s", list(session.Routes))
	d.tell("Names   under %s are asked of %s", strings.Join(session.DNSSuffixes, ", "), list(session.DNSServers))
	return d.checkRoutes(session)
}

// checkRoutes checks that the tunnel is for the networks behind the gateway and nothing else.
func (d *demo) checkRoutes(session *tunnel.Session) error {
	for _, site := range []*lab.Site{d.lab.VNet, d.lab.OnPremises} {
		if !covered(session.Routes, site.Address) {
			return fmt.Errorf("no route to %s goes through the tunnel", site.Host)
		}
	}
	if covered(session.Routes, d.lab.Outside.Address) {
		return fmt.Errorf("the route to %s goes through the tunnel", d.lab.Outside.Host)
	}
	return nil
}

func covered(routes []netip.Prefix, address netip.Addr) bool {
	for _, route := range routes {
		if route.Contains(address) {
			return true
		}
	}
	return false
}

func (d *demo) visit(ctx context.Context) error {
	for _, site := range []*lab.Site{d.lab.VNet, d.lab.OnPremises} {
		page, err := d.fetch(ctx, site.Host, 1)
		if err != nil {
			return err
		}
		d.tell("http://%s/ says:\n  %s", site.Host, strings.ReplaceAll(page, "\n", "\n  "))
		if inside, outside := d.visitors(site); inside == 0 || outside > 0 {
			return fmt.Errorf("%s was visited %d times through the tunnel and %d times past it", site.Host, inside, outside)
		}
	}
	return nil
}

// visitors counts the requests to a page that came from an address of the tunnel, and from elsewhere.
func (d *demo) visitors(site *lab.Site) (inside, outside int) {
	for address, count := range site.Page.Visitors() {
		if lab.InPool(address) {
			inside += count
		} else {
			outside += count
		}
	}
	return inside, outside
}

// The unrelated page is fetched often, so that a stray packet in the tunnel, such as the kernel's about multicast groups, is
// not taken for it.
const (
	visits       = 20
	strayPackets = 5
)

func (d *demo) visitOutside(ctx context.Context) error {
	name, err := tunnelDevice(d.lab, d.before)
	if err != nil {
		return err
	}
	before, err := d.lab.Laptop.Counters(name)
	if err != nil {
		return err
	}
	_, pastBefore := d.visitors(d.lab.Outside)
	if _, err := d.fetch(ctx, d.lab.Outside.Address.String(), visits); err != nil {
		return err
	}
	after, err := d.lab.Laptop.Counters(name)
	if err != nil {
		return err
	}
	inside, past := d.visitors(d.lab.Outside)
	sent := after.SentPackets - before.SentPackets
	d.tell("http://%s/ was fetched %d times.", d.lab.Outside.Address, visits)
	d.tell("It saw the laptop's own address %d times and one of the tunnel %d times.", past-pastBefore, inside)
	d.tell("The tunnel's device sent %d packets meanwhile.", sent)
	if inside > 0 || past-pastBefore != visits || sent > strayPackets {
		return errors.New("it went through the tunnel")
	}
	if _, err := d.fetch(ctx, d.lab.Outside.Host, 1); err != nil {
		return err
	}
	d.tell("Its name, %s, still resolves.", d.lab.Outside.Host)
	return nil
}

func (d *demo) disconnect(ctx context.Context) error {
	client := d.client
	d.client = nil
	if err := client.end(); err != nil {
		return err
	}
	after, err := look(ctx, d.lab)
	if err != nil {
		return err
	}
	if err := d.before.compare(after); err != nil {
		return err
	}
	d.tell("Routes, addresses and resolv.conf of the laptop are what they were before.")
	return nil
}

// takeDown ends what runs and removes everything, also after a step has failed.
func (d *demo) takeDown() error {
	var errs []error
	if d.client != nil {
		errs = append(errs, d.client.stop())
	}
	if d.lab != nil {
		d.title("Take everything down")
		errs = append(errs, d.lab.Close())
	}
	err := errors.Join(errs...)
	if err != nil {
		d.tell("This step did not go as it should: %v", err)
	} else if d.lab != nil {
		d.tell("Namespaces, processes and files are gone.")
	}
	return err
}

// fetch fetches a page on the laptop.
func (d *demo) fetch(ctx context.Context, host string, count int) (string, error) {
	arguments := append(append([]string(nil), d.Fetch[1:]...), "http://"+host+"/", fmt.Sprint(count))
	command := d.lab.Laptop.Command(ctx, d.Fetch[0], arguments...)
	output, err := command.CombinedOutput()
	text := strings.TrimSpace(string(output))
	if err != nil {
		return "", fmt.Errorf("%s (%w)", text, err)
	}
	return text, nil
}

func list[T fmt.Stringer](items []T) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, item.String())
	}
	return strings.Join(texts, ", ")
}
