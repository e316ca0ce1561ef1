package openvpn

import (
	"bytes"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
)

// receiveInBand follows messages to the session that came through the data channel.
func (c *Client) receiveInBand(now time.Time) {
	for _, message := range c.data.InBand() {
		if c.ended() || c.stage != StageEstablished {
			return
		}
		switch message.Message {
		case datachannel.OCCRequest:
			c.sealInBand(now, datachannel.AppendOCC(nil, datachannel.OCCReply, append([]byte(c.optionsString()), 0)))
		case datachannel.OCCExit:
			c.fail(&Failure{Code: GatewayExit, Temporary: true})
		}
	}
}

func (c *Client) sendPing(now time.Time) { c.sealInBand(now, datachannel.Ping()) }

func (c *Client) sendExit(now time.Time) {
	c.sealInBand(now, datachannel.AppendOCC(nil, datachannel.OCCExit, nil))
}

func (c *Client) sealInBand(now time.Time, payload []byte) {
	c.life.tried = now // also where it failed: there is no use in trying again at once
	if err := c.data.SealInBand(now, &c.inBand, payload); err != nil {
		c.config.Logger.Debug("in-band message not sent", "error", err)
	}
}

// takeInBand returns the sealed in-band messages, each by itself and without length prefix.
func (c *Client) takeInBand() [][]byte {
	var packets [][]byte
	start := 0
	for _, end := range c.inBand.Ends {
		packets = append(packets, bytes.Clone(c.inBand.Buffer[start+c.inBand.Prefix():end]))
		start = end
	}
	c.inBand.Reset()
	return packets
}
