//go:build cgo

package main

import (
	"context"
	"net/http"
	"os"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/ui/fromazure"
)

// azureAdministrator signs an administrator in to Azure as soon as something is asked of it.
func (b *backend) azureAdministrator(ctx context.Context, chosen fromazure.SignIn, asker signin.Asker, progress func(azure.Progress)) (fromazure.Administrator, error) {
	cloud, err := azure.FindCloud(ctx, http.DefaultClient, chosen.Cloud)
	if err != nil {
		return nil, err
	}
	credential, err := azure.Credential(azure.CredentialOptions{Cloud: cloud, SignIn: chosen.Way, Tenant: chosen.Tenant, Provider: b.entraProvider, Asker: asker, Getenv: os.Getenv})
	if err != nil {
		return nil, err
	}
	return azure.New(azure.Options{Cloud: cloud, Credential: credential, Progress: progress})
}
