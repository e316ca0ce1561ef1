package keyring

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/godbus/dbus/v5/prop"
)

// questioner is a Secret Service whose keyring only its user can open. Like some, it says nothing of what is in a locked keyring.
type questioner struct {
	bus        *dbus.Conn
	properties *prop.Properties

	mu         sync.Mutex
	collection dbus.ObjectPath // noObject: there is none yet
	locked     bool
	answer     string // what the user does: "yes", "no", or nothing
	questions  int
	dismissed  int
	items      map[string][]byte // by key
}

const (
	questionPath  = dbus.ObjectPath("/org/freedesktop/secrets/prompt/p1")
	questionRing  = dbus.ObjectPath("/org/freedesktop/secrets/collection/own")
	questionItems = "/org/freedesktop/secrets/collection/own/"
)

func startQuestioner(t *testing.T, d *desktop) *questioner {
	t.Helper()
	q := &questioner{bus: d.bus(), collection: questionRing, locked: true, items: map[string][]byte{}}
	for _, object := range []struct {
		value any
		path  dbus.ObjectPath
		name  string
	}{{q, secretsPath, serviceInterface}, {collection{q}, questionRing, collectionIface}, {prompt{q}, questionPath, promptInterface}, {session{}, "/session", sessionInterface}} {
		if err := q.bus.Export(object.value, object.path, object.name); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	q.properties, err = prop.Export(q.bus, questionRing, prop.Map{collectionIface: {"Locked": {Value: true, Emit: prop.EmitTrue}}})
	if err != nil {
		t.Fatal(err)
	}
	if reply, err := q.bus.RequestName(secretsName, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatal(reply, err)
	}
	return q
}

type session struct{}

func (session) Close() *dbus.Error { return nil }

func (q *questioner) OpenSession(string, dbus.Variant) (dbus.Variant, dbus.ObjectPath, *dbus.Error) {
	return dbus.MakeVariant(""), "/session", nil
}

func (q *questioner) ReadAlias(string) (dbus.ObjectPath, *dbus.Error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.collection, nil
}

func (q *questioner) SearchItems(attributes map[string]string) (open, locked []dbus.ObjectPath, err *dbus.Error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, there := q.items[attributes[keyAttribute]]; there && !q.locked {
		open = append(open, dbus.ObjectPath(questionItems+attributes[keyAttribute]))
	}
	return open, locked, nil
}

func (q *questioner) Unlock([]dbus.ObjectPath) ([]dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	return nil, questionPath, nil
}

func (q *questioner) CreateCollection(map[string]dbus.Variant, string) (dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	return noObject, questionPath, nil
}

// collection is the keyring.
type collection struct{ q *questioner }

func (c collection) CreateItem(properties map[string]dbus.Variant, secret secretStruct, _ bool) (dbus.ObjectPath, dbus.ObjectPath, *dbus.Error) {
	c.q.mu.Lock()
	defer c.q.mu.Unlock()
	if c.q.locked {
		return noObject, noObject, &dbus.Error{Name: "org.freedesktop.Secret.Error.IsLocked"}
	}
	attributes, ok := properties[itemInterface+".Attributes"].Value().(map[string]string)
	if !ok {
		return noObject, noObject, dbus.MakeFailedError(errors.New("no attributes"))
	}
	key := attributes[keyAttribute]
	c.q.items[key] = secret.Value
	path := dbus.ObjectPath(questionItems + key)
	if err := c.q.bus.Export(item{c.q, key}, path, itemInterface); err != nil {
		return noObject, noObject, dbus.MakeFailedError(err)
	}
	return path, noObject, nil
}

// item is one secret.
type item struct {
	q   *questioner
	key string
}

func (i item) GetSecret(session dbus.ObjectPath) (secretStruct, *dbus.Error) {
	i.q.mu.Lock()
	defer i.q.mu.Unlock()
	return secretStruct{Session: session, Parameters: []byte{}, Value: i.q.items[i.key]}, nil
}

// prompt is the question.
type prompt struct{ q *questioner }

func (p prompt) Prompt(string) *dbus.Error {
	p.q.mu.Lock()
	p.q.questions++
	answer := p.q.answer
	if answer == "yes" {
		p.q.locked, p.q.collection = false, questionRing
		p.q.properties.SetMust(collectionIface, "Locked", false)
	}
	p.q.mu.Unlock()
	if answer == "" {
		return nil
	}
	if err := p.q.bus.Emit(questionPath, promptInterface+".Completed", answer == "no", dbus.MakeVariant(questionRing)); err != nil {
		return dbus.MakeFailedError(err)
	}
	return nil
}

func (p prompt) Dismiss() *dbus.Error {
	p.q.mu.Lock()
	defer p.q.mu.Unlock()
	p.q.dismissed++
	return nil
}

func (q *questioner) set(change func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change()
}

func (q *questioner) count() (questions, dismissed int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.questions, q.dismissed
}

func TestUserUnlocksTheKeyring(t *testing.T) {
	d := newDesktop(t)
	q := startQuestioner(t, d)
	ring := d.open()
	q.set(func() { q.answer = "yes" })
	if err := ring.Set(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	q.set(func() { q.locked = true; q.properties.SetMust(collectionIface, "Locked", true) })
	if got, found, err := ring.Get(t.Context(), "k"); err != nil || !found || string(got) != "v" {
		t.Errorf("%q, %v, %v", got, found, err)
	}
	if questions, _ := q.count(); questions != 2 {
		t.Errorf("asked %d times", questions)
	}
}

func TestUserMakesAKeyring(t *testing.T) {
	t.Setenv("DISPLAY", ":0") // where the service could ask
	d := newDesktop(t)
	q := startQuestioner(t, d)
	q.set(func() { q.collection, q.answer = noObject, "yes" })
	ring := d.open()
	if _, found, err := ring.Get(t.Context(), "k"); found || err != nil {
		t.Errorf("no keyring has nothing in it: %v", err)
	}
	if err := ring.Set(t.Context(), "k", []byte("v")); err != nil {
		t.Fatal(err)
	}
	if got, _, err := ring.Get(t.Context(), "k"); err != nil || string(got) != "v" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNoKeyringAndNoScreen(t *testing.T) {
	t.Setenv("DISPLAY", "")
	t.Setenv("WAYLAND_DISPLAY", "")
	d := newDesktop(t)
	q := startQuestioner(t, d)
	q.set(func() { q.collection = noObject })
	if _, choice, err := Open(t.Context(), d.options(Auto)); err != nil || choice.Kind != File {
		t.Errorf("%+v, %v", choice, err)
	}
}

func TestUserClosesTheQuestion(t *testing.T) {
	d := newDesktop(t)
	q := startQuestioner(t, d)
	q.set(func() { q.answer = "no" })
	ring := d.open()
	for range 3 {
		if _, _, err := ring.Get(t.Context(), "k"); !errors.Is(err, ErrLocked) {
			t.Errorf("error %v", err)
		}
	}
	if questions, _ := q.count(); questions != 1 {
		t.Errorf("asked %d times, though the user closed it", questions)
	}
}

func TestNobodyAnswersTheQuestion(t *testing.T) {
	d := newDesktop(t)
	q := startQuestioner(t, d)
	options := d.options(Auto)
	options.AskLimit = 200 * time.Millisecond
	ring, _, err := Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ring.Get(t.Context(), "k"); !errors.Is(err, ErrLocked) {
		t.Errorf("error %v", err)
	}
	eventually(t, "a question that is taken away", func() bool { _, dismissed := q.count(); return dismissed == 1 })

	patient := d.open()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, _, err := patient.Get(ctx, "k"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
