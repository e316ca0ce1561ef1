package entra

import (
	"context"
	"errors"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// How long a provider that could not be asked is left alone before it is asked again.
const (
	devicePause    = 5 * time.Second // the default interval of RFC 8628 section 3.5
	devicePauseMax = time.Minute
)

// deviceCode signs the user in with a code on another screen (RFC 8628).
func (p *Provider) deviceCode(ctx context.Context, app *application, request Request, claims string) (public.AuthResult, error) {
	var options []public.AcquireByDeviceCodeOption
	if claims != "" {
		options = append(options, public.WithClaims(claims))
	}
	watched, o := observed(ctx)
	code, err := app.msal.AcquireTokenByDeviceCode(watched, []string{app.scope}, options...)
	if err != nil {
		return public.AuthResult{}, explain(ctx, err, o, CodeInternal)
	}
	shown := signin.DeviceCode{Profile: request.Profile, UserCode: code.Result.UserCode, VerificationURL: code.Result.VerificationURL,
		Message: code.Result.Message, Expires: code.Result.ExpiresOn}
	defer inform(ctx, func(ctx context.Context) { request.Asker.DeviceCode(ctx, shown) })()
	return p.poll(ctx, code)
}

// poll asks until the user has typed the code. MSAL gives up at the first answer that is neither; the code does not.
func (p *Provider) poll(ctx context.Context, code public.DeviceCode) (public.AuthResult, error) {
	for {
		watched, o := observed(ctx)
		result, err := code.AuthenticationResult(watched)
		if err == nil {
			return result, nil
		}
		if ctx.Err() != nil {
			return public.AuthResult{}, ended(ctx)
		}
		expired := newProblem(CodeCodeExpired, context.DeadlineExceeded)
		if errors.Is(err, context.DeadlineExceeded) && !p.now().Before(code.Result.ExpiresOn) {
			return public.AuthResult{}, expired
		}
		problem := explain(ctx, err, o, CodeInternal)
		if !problem.Temporary() {
			return public.AuthResult{}, problem
		}
		p.logger.Info("device code not asked for, trying again", "code", problem.Code, "error", problem.Err)
		pause := time.NewTimer(min(max(problem.RetryAfter, p.pause), devicePauseMax))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return public.AuthResult{}, ended(ctx)
		}
		if !p.now().Before(code.Result.ExpiresOn) {
			return public.AuthResult{}, expired
		}
	}
}
