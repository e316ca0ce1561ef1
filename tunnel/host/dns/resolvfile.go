package dns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
)

// original is where resolv.conf as it was is kept. It is the file itself under another name, so that a symbolic link stays
// one and whoever writes through it is heard.
const original = "etc/resolv.conf.before-footbridge"

// resolvFile writes /etc/resolv.conf itself.
type resolvFile struct {
	env     Environment
	link    Link
	changed func()
	logger  *slog.Logger

	stop func() // ends the watch; nil: there is none
}

func (r *resolvFile) mode() Mode { return File }

func (r *resolvFile) set(_ context.Context, config Config) ([]Limitation, error) {
	if err := r.env.changeFile(r.link.Name, &config); err != nil {
		return nil, fmt.Errorf("set resolv.conf: %w", err)
	}
	r.watch()
	if config.split() {
		return []Limitation{{Kind: NotSplit, Mode: File}}, nil
	}
	return nil, nil
}

func (r *resolvFile) clear(context.Context) error {
	if err := r.env.changeFile(r.link.Name, nil); err != nil {
		return fmt.Errorf("restore resolv.conf: %w", err)
	}
	return nil
}

// watch looks for other programs that write the file, as DHCP clients do whenever they renew an address.
func (r *resolvFile) watch() {
	if r.stop != nil {
		return
	}
	stop, err := watchFile(r.env.path(resolvConf), r.changed)
	if err != nil {
		r.logger.Warn("changes of resolv.conf by others are seen only when the network changes", "error", err)
		return
	}
	r.stop = stop
}

func (r *resolvFile) close() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// changeFile puts one tunnel's section into resolv.conf, or takes it out where config is nil, and the sections of dead
// tunnels with it. The last tunnel that goes brings the original back.
func (e Environment) changeFile(device string, config *Config) error {
	unlock, err := lock(e.path("run/footbridge"))
	if err != nil {
		return err
	}
	defer unlock()
	data, err := readFile(e.path(resolvConf))
	missing := errors.Is(err, os.ErrNotExist)
	if err != nil && !missing {
		return err
	}
	tunnels := with(sections(data), device, e.Owner, config, e.Alive)
	if !isOurs(data) {
		return e.takeFile(data, missing, tunnels)
	}
	if len(tunnels) == 0 {
		return e.giveFileBack(parseFile(data))
	}
	base := file{noOriginal: parseFile(data).noOriginal}
	if !base.noOriginal {
		base = parseFile(readLimited(e.path(original)))
	}
	if text := render(tunnels, base); !bytes.Equal(text, data) {
		return overwrite(e.path(resolvConf), text)
	}
	return nil
}

// takeFile makes a file that is not ours, or is no longer, the original, and ours takes its place. An original from before
// is out of date: somebody wrote a new file over ours.
func (e Environment) takeFile(data []byte, missing bool, tunnels []section) error {
	if missing && !exists(e.path(resolvConf)) && exists(e.path(original)) {
		// The change was interrupted between taking the original away and putting ours there.
		if err := moveBack(e.path(original), e.path(resolvConf)); err != nil {
			return err
		}
		data, missing = readLimited(e.path(resolvConf)), false
	}
	if err := remove(e.path(original)); err != nil {
		return err
	}
	if len(tunnels) == 0 {
		return nil
	}
	base := parseFile(data)
	base.noOriginal = missing && !exists(e.path(resolvConf))
	if !base.noOriginal {
		if err := keep(e.path(resolvConf), e.path(original)); err != nil {
			return err
		}
	}
	return overwrite(e.path(resolvConf), render(tunnels, base))
}

func (e Environment) giveFileBack(ours file) error {
	if ours.noOriginal {
		return remove(e.path(resolvConf))
	}
	if !exists(e.path(original)) {
		return fmt.Errorf("find the file as it was: %w", os.ErrNotExist)
	}
	return moveBack(e.path(original), e.path(resolvConf))
}
