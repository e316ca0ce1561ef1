package entra

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// User is somebody who can sign in.
type User struct {
	Username string   // user principal name, such as alice@corp.example
	Password string   // protects nothing
	Name     string   // as shown
	ObjectID string   // GUID; empty: one made from the user name, the same each time
	Groups   []string // GUIDs, for tokens that carry groups
}

// The users a provider has by default.
const (
	AliceUsername = "alice@corp.example"
	AlicePassword = "alice's password"
	BobUsername   = "bob@corp.example"
	BobPassword   = "bob's password"
)

// Alice is the first of the default users.
func Alice() User {
	return User{Username: AliceUsername, Password: AlicePassword, Name: "Alice Example", Groups: []string{
		"7d1c2c3e-0c0c-4b7a-8a53-1f6a2f1d0001", "7d1c2c3e-0c0c-4b7a-8a53-1f6a2f1d0002",
	}}
}

// Bob is the second of the default users.
func Bob() User { return User{Username: BobUsername, Password: BobPassword, Name: "Bob Example"} }

// account is a user with what the provider adds.
type account struct {
	User
	otpSecret []byte
}

// directory holds the users, by user name.
type directory struct{ accounts map[string]*account }

func newDirectory(users []User) (*directory, error) {
	d := &directory{accounts: make(map[string]*account, len(users))}
	for _, user := range users {
		if user.Username == "" || user.Password == "" {
			return nil, fmt.Errorf("user %q lacks a user name or a password", user.Username)
		}
		if user.ObjectID == "" {
			user.ObjectID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("mailto:"+strings.ToLower(user.Username))).String()
		}
		secret := make([]byte, 20)
		rand.Read(secret)
		d.accounts[strings.ToLower(user.Username)] = &account{User: user, otpSecret: secret}
	}
	return d, nil
}

// find finds a user. User names know no case.
func (d *directory) find(username string) (*account, bool) {
	user, known := d.accounts[strings.ToLower(strings.TrimSpace(username))]
	return user, known
}

func (a *account) passwordIs(password string) bool {
	return subtle.ConstantTimeCompare([]byte(a.Password), []byte(password)) == 1
}

// totpPeriod is how long a one-time code is shown (RFC 6238 section 5.2).
const totpPeriod = 30 * time.Second

// oneTimeCode is RFC 6238 with SHA-1 and six digits, as authenticator apps have it.
func oneTimeCode(secret []byte, now time.Time) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(now.Unix())/uint64(totpPeriod/time.Second))
	mac := hmac.New(sha1.New, secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[offset:])&0x7fff_ffff)%1_000_000)
}

// codeIs accepts the code of now and those just before and after, for clocks that differ.
func (a *account) codeIs(code string, now time.Time) bool {
	for _, shift := range []time.Duration{0, -totpPeriod, totpPeriod} {
		if subtle.ConstantTimeCompare([]byte(oneTimeCode(a.otpSecret, now.Add(shift))), []byte(code)) == 1 {
			return true
		}
	}
	return false
}

// OneTimeSecret is what the user's authenticator app was given, in base 32.
func (p *Provider) OneTimeSecret(username string) (string, error) {
	user, known := p.directory.find(username)
	if !known {
		return "", fmt.Errorf("find user %q: there is none", username)
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(user.otpSecret), nil
}

// Users are the people who can sign in.
func (p *Provider) Users() []User {
	var users []User
	for _, wanted := range p.options.Users {
		if user, known := p.directory.find(wanted.Username); known {
			users = append(users, user.User)
		}
	}
	return users
}
