// The AWS SDK for Go v2, for `cargo xtask bench`:
// version | cold | warm THREADS MILLISECONDS | uncached COUNT | concurrent COUNT | config COUNT.
// The profile is AWS_PROFILE's. `cold` prints credentials as credential_process does; the others
// print one line of JSON, {"ns": [...]}: nanoseconds per operation, one sample a batch.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

type answer struct {
	Version                                                int
	AccessKeyId, SecretAccessKey, SessionToken, Expiration string
}

func version() error {
	text := runtime.Version()
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/aws/aws-sdk-go-v2/config" {
				text = "aws-sdk-go-v2/config " + module.Version + ", " + text
			}
		}
	}
	fmt.Println(text)
	return nil
}

func provider(ctx context.Context) (aws.CredentialsProvider, error) {
	loaded, err := config.LoadDefaultConfig(ctx)
	return loaded.Credentials, err
}

func cold(ctx context.Context) error {
	provider, err := provider(ctx)
	if err != nil {
		return err
	}
	got, err := provider.Retrieve(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer{1, got.AccessKeyID, got.SecretAccessKey,
		got.SessionToken, got.Expires.UTC().Format(time.RFC3339)})
}

func warm(ctx context.Context, threads, milliseconds int) ([]float64, error) {
	provider, err := provider(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := provider.Retrieve(ctx); err != nil {
		return nil, err
	}
	const size = 2000
	var all []float64
	var lock sync.Mutex
	var group sync.WaitGroup
	for range threads {
		group.Add(1)
		go func() {
			defer group.Done()
			runtime.LockOSThread()
			var samples []float64
			for started := time.Now(); time.Since(started) < time.Duration(milliseconds)*time.Millisecond; {
				batch := time.Now()
				for range size {
					_, _ = provider.Retrieve(ctx)
				}
				samples = append(samples, float64(time.Since(batch).Nanoseconds())/size)
			}
			lock.Lock()
			all = append(all, samples...)
			lock.Unlock()
		}()
	}
	group.Wait()
	return all, nil
}

// uncached makes the cache forget before each retrieval: the client and its connection stay.
func uncached(ctx context.Context, count int) ([]float64, error) {
	provider, err := provider(ctx)
	if err != nil {
		return nil, err
	}
	cache, ok := provider.(*aws.CredentialsCache)
	if !ok {
		return nil, fmt.Errorf("the provider is no CredentialsCache")
	}
	if _, err := cache.Retrieve(ctx); err != nil {
		return nil, err
	}
	var samples []float64
	for range count {
		started := time.Now()
		cache.Invalidate()
		if _, err := cache.Retrieve(ctx); err != nil {
			return nil, err
		}
		samples = append(samples, float64(time.Since(started).Nanoseconds()))
	}
	return samples, nil
}

func concurrent(ctx context.Context, count int) ([]float64, error) {
	provider, err := provider(ctx)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	failed := make(chan error, count)
	for range count {
		go func() {
			_, err := provider.Retrieve(ctx)
			failed <- err
		}()
	}
	for range count {
		if err := <-failed; err != nil {
			return nil, err
		}
	}
	return []float64{float64(time.Since(started).Nanoseconds())}, nil
}

func sharedConfig(ctx context.Context, count int) ([]float64, error) {
	var samples []float64
	files := func(options *config.LoadSharedConfigOptions) {
		options.ConfigFiles = []string{os.Getenv("AWS_CONFIG_FILE")}
	}
	for range count {
		started := time.Now()
		found, err := config.LoadSharedConfigProfile(ctx, os.Getenv("AWS_PROFILE"), files)
		if err != nil {
			return nil, err
		}
		if found.SSOAccountID == "" {
			return nil, fmt.Errorf("the profile has no account")
		}
		samples = append(samples, float64(time.Since(started).Nanoseconds()))
	}
	return samples, nil
}

func act(ctx context.Context, arguments []string) error {
	number := func(at int) int {
		if at >= len(arguments) {
			return 0
		}
		value, _ := strconv.Atoi(arguments[at])
		return value
	}
	var samples []float64
	var err error
	switch {
	case len(arguments) == 0:
		return fmt.Errorf("not understood")
	case arguments[0] == "version":
		return version()
	case arguments[0] == "cold":
		return cold(ctx)
	case arguments[0] == "warm":
		samples, err = warm(ctx, number(1), number(2))
	case arguments[0] == "uncached":
		samples, err = uncached(ctx, number(1))
	case arguments[0] == "concurrent":
		samples, err = concurrent(ctx, number(1))
	case arguments[0] == "config":
		samples, err = sharedConfig(ctx, number(1))
	default:
		err = fmt.Errorf("not understood")
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string][]float64{"ns": samples})
}

func main() {
	if err := act(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
