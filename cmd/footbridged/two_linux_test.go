package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// branch is a gateway of its own with a network behind it.
type branch struct {
	name    string
	inside  netip.AddrPort // answers with the branch's name
	profile []byte
}

// newBranch starts Debian's OpenVPN in a namespace that is one cable away from the laptop. A route that both branches have is pushed too.
func newBranch(t *testing.T, laptop *netns.Namespace, number int) branch {
	t.Helper()
	namespace := netnstest.New(t, fmt.Sprint("branch", number))
	cable := fmt.Sprint("eth", number)
	outer := func(host int) netip.Prefix {
		return netip.MustParsePrefix(fmt.Sprintf("203.0.%d.%d/24", 113+number, host))
	}
	inside := netip.MustParseAddr(fmt.Sprintf("10.%d.0.4", 10+number))
	if err := errors.Join(netns.Connect(laptop, cable, namespace, "eth0"), laptop.AddAddress(cable, outer(10)), namespace.AddAddress("eth0", outer(1)),
		namespace.AddAddress("lo", netip.PrefixFrom(inside, 32))); err != nil {
		t.Fatal(err)
	}
	set, err := pki.NewSet(gatewayName)
	if err != nil {
		t.Fatal(err)
	}
	user, err := set.Client("user", pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	key, err := user.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	static := tlswrap.GenerateStaticKey()
	gateway, err := openvpnd.Start(t.Context(), openvpnd.Options{Namespace: namespace, Listen: netip.AddrPortFrom(outer(1).Addr(), 443), Proto: "tcp",
		Wrap: tlswrap.Auth, StaticKey: static, Auth: "SHA256", Ciphers: []string{"AES-256-GCM"}, Identity: set.Gateway, Roots: []*pki.Authority{set.ClientRoot},
		IPv4:   netip.MustParsePrefix(fmt.Sprintf("172.16.%d.0/24", 200+number)),
		Routes: []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", 10+number)), netip.MustParsePrefix("10.99.0.0/16")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { gateway.Stop() })
	b := branch{name: fmt.Sprint("branch ", number), inside: netip.AddrPortFrom(inside, 7)}
	listener, err := namespace.Listen(t.Context(), "tcp", b.inside.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go answer(listener, b.name)
	b.profile = fmt.Appendf(nil, "client\ndev tun\nproto tcp-client\nremote %s 443\nremote-cert-tls server\nverify-x509-name %s name\nauth SHA256\nkey-direction 1\n<ca>\n%s</ca>\n<cert>\n%s</cert>\n<key>\n%s</key>\n<tls-auth>\n%s</tls-auth>\n",
		outer(1).Addr(), gatewayName, set.GatewayRoot.PEM(), user.CertificatePEM(), key, static.PEM())
	return b
}

func answer(listener net.Listener, text string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		fmt.Fprint(conn, text)
		conn.Close()
	}
}

// Two tunnels to two gateways carry traffic at once; what both have is reported on either, with who gets the packets.
func TestTwoTunnelsAtOnce(t *testing.T) {
	netnstest.RequireRoot(t)
	laptop := netnstest.New(t, "laptop")
	if err := laptop.IsolateFiles(map[string]string{"resolv.conf": "nameserver 192.0.2.53\n"}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	branches := []branch{newBranch(t, laptop, 0), newBranch(t, laptop, 1)}
	start(t, laptop, buildService(t), dir)
	client := api.Dial(filepath.Join(dir, "socket"))
	defer client.Close()
	for _, b := range branches {
		if _, err := client.Connect(t.Context(), api.ConnectRequest{Profile: b.profile, Name: b.name}); err != nil {
			t.Fatal(err)
		}
		awaitAnswer(t, laptop, b)
	}
	for range 3 {
		for _, b := range branches {
			awaitAnswer(t, laptop, b)
		}
	}
	snapshot, err := client.Status(t.Context())
	if err != nil || len(snapshot.Sessions) != 2 {
		t.Fatal(snapshot, err)
	}
	winners := 0
	for _, session := range snapshot.Sessions {
		i := slices.IndexFunc(session.Overlaps, func(o api.Overlap) bool { return o.Prefix == "10.99.0.0/16" })
		if i < 0 || session.Overlaps[i].Profile == session.Profile {
			t.Errorf("%s reports %+v", session.Profile, session.Overlaps)
		} else if session.Overlaps[i].Wins {
			winners++
		}
	}
	if winners != 1 {
		t.Errorf("%d tunnels get the packets for what both have", winners)
	}
}

func awaitAnswer(t *testing.T, laptop *netns.Namespace, b branch) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		conn, err := laptop.Dial(ctx, "tcp", b.inside.String())
		cancel()
		if err == nil {
			text := make([]byte, 64)
			n, _ := conn.Read(text)
			conn.Close()
			if string(text[:n]) == b.name {
				return
			}
			t.Fatalf("%s answers %q", b.name, text[:n])
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not reached: %v", b.name, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
