package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
)

func (a *app) accountsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "accounts",
		Example: "  footbridge accounts",
		Args:    exactly(0),
		RunE:    func(command *cobra.Command, _ []string) error { return a.accounts(command.Context()) },
	}
}

type accountsResult struct {
	document
	Accounts []accountJSON `json:"accounts"`
}

type accountJSON struct {
	Account string `json:"account"`
	Tenant  string `json:"tenant"`
	Host    string `json:"host"` // where it signs in
}

func toAccountsJSON(accounts []entra.Account) []accountJSON {
	list := []accountJSON{}
	for _, account := range accounts {
		list = append(list, accountJSON{account.Username, account.Tenant, account.Host})
	}
	return list
}

func (a *app) accounts(ctx context.Context) error {
	provider, err := a.provider(ctx)
	if err != nil {
		return err
	}
	accounts, err := provider.Accounts(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(accountsResult{newDocument(), toAccountsJSON(accounts)})
	}
	if len(accounts) == 0 {
		a.say("accounts.none", nil)
	}
	for _, account := range accounts {
		a.say("accounts.one", language.Values{"Account": account.Username, "Tenant": account.Tenant, "Host": account.Host})
	}
	return nil
}

func (a *app) signOutCommand() *cobra.Command {
	var every bool
	command := &cobra.Command{
		Use:     "sign-out [ACCOUNT] [flags]",
		Example: "  footbridge sign-out alice@contoso.com\n  footbridge sign-out --all",
		Args:    between(0, 1),
		RunE: func(command *cobra.Command, args []string) error {
			if every == (len(args) > 0) {
				return &usageError{"account-or-all", nil}
			}
			return a.signOut(command.Context(), strings.Join(args, ""), every)
		},
	}
	command.Flags().BoolVar(&every, "all", false, "")
	return command
}

type signOutResult struct {
	document
	SignedOut []accountJSON `json:"signed_out"`
}

// signOut forgets sign-ins. Connections that are up stay up until the gateway wants a new token.
func (a *app) signOut(ctx context.Context, wanted string, every bool) error {
	provider, err := a.provider(ctx)
	if err != nil {
		return err
	}
	accounts, err := provider.Accounts(ctx)
	if err != nil {
		return err
	}
	var leaving []entra.Account
	for _, account := range accounts {
		if every || strings.EqualFold(account.Username, wanted) {
			leaving = append(leaving, account)
		}
	}
	if len(leaving) == 0 && !every {
		return &commandError{code: "account-not-found", exit: exitNotFound, values: language.Values{"Account": wanted}}
	}
	if every {
		err = provider.SignOutAll(ctx)
	} else {
		for _, account := range leaving {
			if err = provider.SignOut(ctx, account); err != nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(signOutResult{newDocument(), toAccountsJSON(leaving)})
	}
	for _, account := range leaving {
		a.say("sign-out.done", language.Values{"Account": account.Username})
	}
	if len(leaving) == 0 {
		a.say("accounts.none", nil)
	}
	return nil
}
