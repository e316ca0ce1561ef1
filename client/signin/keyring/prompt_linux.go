package keyring

import (
	"context"
	"fmt"

	"github.com/godbus/dbus/v5"
)

// ask lets the service put its question to the user and waits for the answer (Secret Service specification, "Prompts"). There is nothing to ask
// where the prompt is noObject.
func (c *conversation) ask(prompt dbus.ObjectPath) (dbus.Variant, error) {
	if prompt == noObject || prompt == "" {
		return dbus.Variant{}, nil
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.service.askLimit)
	defer cancel()
	match := []dbus.MatchOption{dbus.WithMatchObjectPath(prompt), dbus.WithMatchInterface(promptInterface), dbus.WithMatchMember("Completed")}
	if err := c.bus.AddMatchSignalContext(ctx, match...); err != nil {
		return dbus.Variant{}, err
	}
	signals := make(chan *dbus.Signal, 8)
	c.bus.Signal(signals)
	defer c.bus.RemoveSignal(signals)
	if err := c.call(prompt, promptInterface+".Prompt", "").Err; err != nil {
		return dbus.Variant{}, err
	}
	for {
		select {
		case signal, open := <-signals:
			if !open {
				return dbus.Variant{}, fmt.Errorf("%w: it ended while its user was asked", ErrUnavailable)
			}
			if signal.Path != prompt || signal.Name != promptInterface+".Completed" {
				continue
			}
			return c.completed(signal)
		case <-ctx.Done():
			c.dismiss(prompt)
			if c.ctx.Err() != nil {
				return dbus.Variant{}, context.Cause(c.ctx)
			}
			c.service.wasDismissed()
			return dbus.Variant{}, fmt.Errorf("%w: nobody answered its question", ErrLocked)
		}
	}
}

func (c *conversation) completed(signal *dbus.Signal) (dbus.Variant, error) {
	var dismissed bool
	var result dbus.Variant
	if err := dbus.Store(signal.Body, &dismissed, &result); err != nil {
		return dbus.Variant{}, err
	}
	if dismissed {
		c.service.wasDismissed()
		return dbus.Variant{}, fmt.Errorf("%w: its question was closed", ErrLocked)
	}
	return result, nil
}

// dismiss takes the question away, as far as the service still listens.
func (c *conversation) dismiss(prompt dbus.ObjectPath) {
	c.bus.Object(secretsName, prompt).Go(promptInterface+".Dismiss", dbus.FlagNoReplyExpected, nil)
}
