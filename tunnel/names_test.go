package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// A name that resolved is not asked again, since the system's DNS may lead through the tunnel that it is for, until its addresses are in doubt.
func TestNameMemory(t *testing.T) {
	n := newNameMemory()
	asked, answer := 0, addresses("203.0.113.1")
	var failure error
	n.resolve = func(_ context.Context, network, _ string) ([]netip.Addr, error) {
		asked++
		if network == "ip6" {
			return addresses("2001:db8::1"), failure
		}
		return answer, failure
	}
	lookUp := func(network string) string {
		got, err := n.LookupNetIP(t.Context(), network, "gateway.example")
		return fmt.Sprint(got, err)
	}
	if got := lookUp("ip4"); got != "[203.0.113.1] <nil>" || lookUp("ip4") != got || asked != 1 {
		t.Errorf("%s, asked %d times", got, asked)
	}
	if got := lookUp("ip6"); got != "[2001:db8::1] <nil>" || fmt.Sprint(n.addresses("gateway.example")) != "[203.0.113.1 2001:db8::1]" {
		t.Errorf("%s, known %v", got, n.addresses("gateway.example"))
	}
	answer = addresses("203.0.113.9")
	n.doubt("gateway.example")
	if got := lookUp("ip4"); got != "[203.0.113.9] <nil>" {
		t.Errorf("after a doubt: %s", got)
	}
	failure = errors.New("no name server answers")
	n.doubt("gateway.example")
	if got := lookUp("ip4"); got != "[203.0.113.9] <nil>" {
		t.Errorf("without a name server: %s", got)
	}
	if _, err := n.LookupNetIP(t.Context(), "ip4", "other.example"); !errors.Is(err, failure) {
		t.Errorf("a name that was never known: %v", err)
	}
	if got := n.addresses("198.51.100.1"); fmt.Sprint(got) != "[198.51.100.1]" {
		t.Errorf("an address: %v", got)
	}
}

// A name server behind the tunnel that is down must not hold up the reconnect: what is known is used, and a late answer the next time.
func TestNameMemoryDoesNotWaitForSilentServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNameMemory()
		answer, took := "203.0.113.1", time.Duration(0)
		n.resolve = func(ctx context.Context, _, _ string) ([]netip.Addr, error) {
			select {
			case <-time.After(took):
				return addresses(answer), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		lookUp := func() string {
			got, err := n.LookupNetIP(t.Context(), "ip4", "gateway.example")
			return fmt.Sprint(got, err)
		}
		lookUp()
		answer, took = "203.0.113.9", 2*time.Second
		n.doubt("gateway.example")
		began := time.Now()
		if got := lookUp(); got != "[203.0.113.1] <nil>" || time.Since(began) > time.Second {
			t.Errorf("%s after %v", got, time.Since(began))
		}
		time.Sleep(3 * time.Second)
		if got := lookUp(); got != "[203.0.113.9] <nil>" {
			t.Errorf("later: %s", got)
		}
		took = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := n.LookupNetIP(ctx, "ip4", "other.example"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a name that was never known: %v", err)
		}
		time.Sleep(lookupLimit)
	})
}
