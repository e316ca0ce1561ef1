package entra

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// Account is who is signed in to a tenant.
type Account struct {
	ID       string // MSAL's home account id: the same for an account in all tenants
	Username string // "alice@contoso.com"
	Tenant   string // as profiles name it, most often a GUID
	Host     string // of the authority, "login.microsoftonline.com"
}

// Accounts lists who is signed in on this computer and in this process, by user name. The error is the keyring's: with it, the list has only
// what is in memory.
func (p *Provider) Accounts(ctx context.Context) ([]Account, error) {
	var all []Account
	for _, s := range p.storages() {
		all = append(all, s.read(ctx).accounts()...)
	}
	slices.SortFunc(all, func(a, b Account) int {
		return strings.Compare(a.Username+" "+a.Host+" "+a.Tenant+" "+a.ID, b.Username+" "+b.Host+" "+b.Tenant+" "+b.ID)
	})
	if err := p.kept.trouble(); err != nil {
		return slices.Compact(all), fmt.Errorf("read accounts: %w", err)
	}
	return slices.Compact(all), ctx.Err()
}

// Fits reports whether an account is of the tenant that a profile signs in at.
func (a Account) Fits(entra profiles.Entra) bool {
	authority, ok := parseAuthority(entra.Tenant)
	return ok && strings.EqualFold(authority.host, a.Host) && strings.EqualFold(authority.tenant, a.Tenant)
}

// SignOut forgets an account: its refresh and access tokens in all tenants of its cloud. The tenant is not told, there is nothing to tell it with:
// the browser may still be signed in. The error says that the keyring still has it.
func (p *Provider) SignOut(ctx context.Context, account Account) error {
	var failed error
	for _, s := range p.storages() {
		failed = errors.Join(failed, s.change(ctx, func(c content) content { return c.without(account) }), s.forgetLast(ctx, account.ID))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dropTokens(func(key tokenKey) bool { return key.account == account.ID })
	if failed != nil {
		return fmt.Errorf("sign out %s: %w", account.Username, failed)
	}
	p.logger.Info("signed out", "tenant", account.Tenant)
	return nil
}

// SignOutAll forgets all accounts.
func (p *Provider) SignOutAll(ctx context.Context) error {
	var failed error
	for _, s := range p.storages() {
		failed = errors.Join(failed, s.change(ctx, func(content) content { return content{} }), s.forgetLast(ctx, ""))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.tokens)
	if failed != nil {
		return fmt.Errorf("sign out everybody: %w", failed)
	}
	return nil
}

// StorageProblem is why sign-ins are not kept beyond this process; nil if they are, or if that was not tried yet.
func (p *Provider) StorageProblem() error { return p.kept.trouble() }

func (p *Provider) storages() []*storage {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := []*storage{p.kept}
	for _, s := range p.passing {
		all = append(all, s)
	}
	return all
}
