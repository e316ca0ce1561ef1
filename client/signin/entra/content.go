package entra

import (
	"bytes"
	"encoding/json"
	"errors"
	"sort"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
)

// content is a token cache in the form that all MSAL libraries share: sections such as "RefreshToken", and in each entries by key.
type content map[string]map[string]json.RawMessage

// accountSection is where accounts are.
const accountSection = "Account"

var errContent = errors.New("it is no token cache")

// parseContent reads a token cache. Nothing is an empty one.
func parseContent(data []byte) (content, error) {
	if len(data) == 0 {
		return content{}, nil
	}
	var parsed content
	if len(data) > keyring.MaxSecret || json.Unmarshal(data, &parsed) != nil {
		return nil, errContent
	}
	for name, section := range parsed {
		if section == nil {
			delete(parsed, name)
		}
		for _, entry := range section {
			if !bytes.HasPrefix(entry, []byte("{")) {
				return nil, errContent
			}
		}
	}
	if parsed == nil {
		parsed = content{}
	}
	return parsed, nil
}

func (c content) bytes() ([]byte, error) { return json.Marshal(c) }

// merged is a cache after two programs changed it at the same time: ours as of base, with what changed in theirs since.
func merged(base, ours, theirs content) content {
	result := content{}
	for _, name := range names(ours, theirs) {
		section := map[string]json.RawMessage{}
		for _, key := range names(ours[name], theirs[name]) {
			was, is, other := base[name][key], ours[name][key], theirs[name][key]
			if bytes.Equal(was, is) {
				is = other // we changed nothing
			}
			if is != nil {
				section[key] = is
			}
		}
		if len(section) > 0 {
			result[name] = section
		}
	}
	return result
}

func names[V any](maps ...map[string]V) []string {
	seen := map[string]bool{}
	for _, m := range maps {
		for name := range m {
			seen[name] = true
		}
	}
	all := make([]string, 0, len(seen))
	for name := range seen {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

// owner is whose entry it is.
type owner struct {
	HomeAccountID string `json:"home_account_id"`
	Environment   string `json:"environment"`
	Realm         string `json:"realm"`
	Username      string `json:"username"`
}

func ownerOf(entry json.RawMessage) owner {
	var o owner
	if json.Unmarshal(entry, &o) != nil {
		return owner{}
	}
	return o
}

// without is a cache without the entries of one account: what its tokens are for, and who it is.
func (c content) without(account Account) content {
	result := content{}
	for name, section := range c {
		for key, entry := range section {
			if o := ownerOf(entry); o.HomeAccountID == account.ID && strings.EqualFold(o.Environment, account.Host) {
				continue
			}
			if result[name] == nil {
				result[name] = map[string]json.RawMessage{}
			}
			result[name][key] = entry
		}
	}
	return result
}

// accounts lists who is signed in.
func (c content) accounts() []Account {
	var all []Account
	for _, key := range names(c[accountSection]) {
		if o := ownerOf(c[accountSection][key]); o.HomeAccountID != "" {
			all = append(all, Account{ID: o.HomeAccountID, Username: o.Username, Tenant: o.Realm, Host: o.Environment})
		}
	}
	return all
}
