package keyring

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/godbus/dbus/v5"
)

// conversation is one connection to the Secret Service.
type conversation struct {
	service *secretService
	ctx     context.Context // of the operation
	bus     *dbus.Conn
	session dbus.ObjectPath
}

// secretStruct is a secret on the bus (Secret Service specification, "Secret").
type secretStruct struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// start opens a session. Secrets pass the bus as they are: it is a socket that only the user's own programs can open, who can ask for the
// secrets as well.
func (c *conversation) start() error {
	var ignored dbus.Variant
	return c.call(secretsPath, serviceInterface+".OpenSession", "plain", dbus.MakeVariant("")).Store(&ignored, &c.session)
}

func (c *conversation) close() {
	if c.session != "" {
		c.bus.Object(secretsName, c.session).Go(sessionInterface+".Close", dbus.FlagNoReplyExpected, nil)
	}
	_ = c.bus.Close() // what mattered was answered
}

// call calls a method of the service, for a limited time.
func (c *conversation) call(path dbus.ObjectPath, method string, arguments ...any) *dbus.Call {
	ctx, cancel := context.WithTimeout(c.ctx, c.service.callLimit)
	defer cancel()
	call := c.bus.Object(secretsName, path).CallWithContext(ctx, method, 0, arguments...)
	if errors.Is(call.Err, context.DeadlineExceeded) && c.ctx.Err() == nil {
		call.Err = fmt.Errorf("%w: it does not answer", ErrUnavailable)
	}
	return call
}

// find returns the item of a key, unlocked, or noObject.
func (c *conversation) find(key string) (dbus.ObjectPath, error) {
	open, locked, err := c.search(key)
	if err != nil || open != noObject {
		return open, err
	}
	if locked == noObject {
		// Some services know nothing of what is in a locked collection: that is not the same as nothing.
		collection, err := c.defaultCollection()
		if err != nil || collection == noObject {
			return noObject, err
		}
		isLocked, err := c.isLocked(collection)
		if err != nil || !isLocked {
			return noObject, err
		}
		locked = collection
	}
	if err := c.unlock(locked); err != nil {
		return noObject, err
	}
	open, locked, err = c.search(key)
	if err == nil && open == noObject && locked != noObject {
		return noObject, ErrLocked
	}
	return open, err
}

// search returns an item of a key that is unlocked, and one that is locked.
func (c *conversation) search(key string) (open, locked dbus.ObjectPath, err error) {
	var opened, closed []dbus.ObjectPath
	if err := c.call(secretsPath, serviceInterface+".SearchItems", attributes(key)).Store(&opened, &closed); err != nil {
		return noObject, noObject, err
	}
	return first(opened), first(closed), nil
}

func first(paths []dbus.ObjectPath) dbus.ObjectPath {
	if len(paths) == 0 {
		return noObject
	}
	return slices.Min(paths)
}

func attributes(key string) map[string]string {
	return map[string]string{schemaAttribute: schema, keyAttribute: key}
}

func (c *conversation) read(item dbus.ObjectPath) ([]byte, error) {
	var secret secretStruct
	if err := c.call(item, itemInterface+".GetSecret", c.session).Store(&secret); err != nil {
		return nil, err
	}
	if err := checkSecret(secret.Value); err != nil {
		return nil, err
	}
	return secret.Value, nil
}

func (c *conversation) write(collection dbus.ObjectPath, key string, secret []byte) error {
	properties := map[string]dbus.Variant{
		itemInterface + ".Label":      dbus.MakeVariant("Footbridge " + key),
		itemInterface + ".Attributes": dbus.MakeVariant(attributes(key)),
	}
	value := secretStruct{Session: c.session, Parameters: []byte{}, Value: secret, ContentType: "application/octet-stream"}
	var item, prompt dbus.ObjectPath
	const replace = true
	if err := c.call(collection, collectionIface+".CreateItem", properties, value, replace).Store(&item, &prompt); err != nil {
		return err
	}
	_, err := c.ask(prompt)
	return err
}

func (c *conversation) remove(item dbus.ObjectPath) error {
	var prompt dbus.ObjectPath
	if err := c.call(item, itemInterface+".Delete").Store(&prompt); err != nil {
		return err
	}
	_, err := c.ask(prompt)
	return err
}

// defaultCollection is the collection that the user's secrets go to; noObject where there is none.
func (c *conversation) defaultCollection() (dbus.ObjectPath, error) {
	var collection dbus.ObjectPath
	err := c.call(secretsPath, serviceInterface+".ReadAlias", defaultCollection).Store(&collection)
	return collection, err
}

// openCollection is the default collection, unlocked. Where the user has none, the service asks them to make one.
func (c *conversation) openCollection() (dbus.ObjectPath, error) {
	collection, err := c.defaultCollection()
	if err != nil {
		return noObject, err
	}
	if collection == noObject {
		return c.createCollection()
	}
	locked, err := c.isLocked(collection)
	if err == nil && locked {
		err = c.unlock(collection)
	}
	return collection, err
}

func (c *conversation) createCollection() (dbus.ObjectPath, error) {
	properties := map[string]dbus.Variant{collectionIface + ".Label": dbus.MakeVariant("Default keyring")}
	var collection, prompt dbus.ObjectPath
	if err := c.call(secretsPath, serviceInterface+".CreateCollection", properties, defaultCollection).Store(&collection, &prompt); err != nil {
		return noObject, err
	}
	if collection != noObject {
		return collection, nil
	}
	result, err := c.ask(prompt)
	if err != nil {
		return noObject, err
	}
	if err := result.Store(&collection); err != nil || collection == noObject {
		return noObject, fmt.Errorf("%w: no default keyring was made", ErrLocked)
	}
	return collection, nil
}

func (c *conversation) isLocked(collection dbus.ObjectPath) (bool, error) {
	var value dbus.Variant
	if err := c.call(collection, "org.freedesktop.DBus.Properties.Get", collectionIface, "Locked").Store(&value); err != nil {
		return false, err
	}
	var locked bool
	err := value.Store(&locked)
	return locked, err
}

// unlock unlocks a collection or an item, which may take the user.
func (c *conversation) unlock(object dbus.ObjectPath) error {
	if !c.service.mayAsk() {
		return fmt.Errorf("%w: its question was closed a moment ago", ErrLocked)
	}
	var unlocked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	if err := c.call(secretsPath, serviceInterface+".Unlock", []dbus.ObjectPath{object}).Store(&unlocked, &prompt); err != nil {
		return err
	}
	if slices.Contains(unlocked, object) {
		return nil
	}
	_, err := c.ask(prompt)
	return err
}
