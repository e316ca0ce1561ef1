package openvpn

import (
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
)

// installKey makes a key's data packets readable.
func (c *Client) installKey(key *key) error {
	material, err := c.deriveKeys(key)
	if err != nil {
		return err
	}
	compression := datachannel.Compression(c.pull.options.Compression)
	if compression == datachannel.NoCompression {
		compression = datachannel.Compression(c.config.Compression)
	}
	keys, err := datachannel.NewKeys(datachannel.Parameters{
		Cipher:       c.pull.cipher,
		Digest:       c.config.Digest,
		KeyID:        key.channel.KeyID(),
		PeerID:       c.pull.options.PeerID,
		Send:         datachannel.KeyMaterial(material.ClientToServer),
		Receive:      datachannel.KeyMaterial(material.ServerToClient),
		Compression:  compression,
		ReplayWindow: c.config.ReplayWindow,
	})
	if err != nil {
		return err
	}
	c.data.Install(keys)
	key.bytes, key.packets = c.traffic()
	return nil
}

// useKey seals with a key from now on.
func (c *Client) useKey(key *key) {
	if key.inUse {
		return
	}
	for _, other := range c.keys() {
		other.inUse = false
	}
	key.inUse, key.useAt = true, time.Time{}
	c.data.Use(key.channel.KeyID())
}

// lastSent is when something went to the gateway through the data channel the last time.
func (c *Client) lastSent() time.Time { return later(c.data.LastSent(), c.life.tried) }

// lastHeard is when something authentic came from the gateway the last time.
func (c *Client) lastHeard() time.Time { return later(c.data.LastReceived(), c.life.heard) }

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// traffic is how much of the tunnelled networks' packets has flowed.
func (c *Client) traffic() (bytes, packets uint64) {
	n := c.data.Counters()
	return n.BytesSent + n.BytesReceived, n.PacketsSent + n.PacketsReceived
}

// How often the use of a key is looked at: the data channel does not tell.
const (
	usageInterval        = 10 * time.Second
	limitedUsageInterval = time.Second // where the profile limits it
)

// usageDeadline is when to look at the use of the key.
func (c *Client) usageDeadline() time.Time {
	if c.config.RenegotiateBytes > 0 || c.config.RenegotiatePackets > 0 {
		return c.life.looked.Add(limitedUsageInterval)
	}
	return c.life.looked.Add(usageInterval)
}

// usageDue says why a key was used enough, "" while it was not (OpenVPN ssl.c, should_trigger_renegotiation).
func (c *Client) usageDue(key *key) string {
	bytes, packets := c.traffic()
	switch {
	case !key.inUse:
	case c.data.NeedsNewKey():
		return "its key is almost used up"
	case c.config.RenegotiateBytes > 0 && bytes-key.bytes >= uint64(c.config.RenegotiateBytes):
		return "its bytes are used up"
	case c.config.RenegotiatePackets > 0 && packets-key.packets >= uint64(c.config.RenegotiatePackets):
		return "its packets are used up"
	}
	return ""
}
