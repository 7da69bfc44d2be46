// The AWS SDK for Go v2, asked for one thing: `client version | credentials PROFILE |
// token PROFILE | watch`. Prints one line of JSON: what it got, or {"error": ...} with exit code 1.
// `watch` prints a line for the credentials of the default chain every half second.
// And `client configs` for its reader of config files.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
)

type answer map[string]string

func version() (answer, error) {
	wanted := map[string]bool{"config": true, "credentials": true}
	var versions []string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			name := strings.TrimPrefix(module.Path, "github.com/aws/aws-sdk-go-v2/")
			if wanted[name] {
				versions = append(versions, name+" "+module.Version)
			}
		}
	}
	return answer{"version": "aws-sdk-go-v2 " + strings.Join(versions, ", ")}, nil
}

// credentials is what a program does: the default configuration with a profile.
func credentials(ctx context.Context, profile string) (answer, error) {
	loaded, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(profile))
	if err != nil {
		return nil, err
	}
	got, err := loaded.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	return answer{"access_key_id": got.AccessKeyID}, nil
}

// token takes credentials/ssocreds alone.
func token(ctx context.Context, profile string) (answer, error) {
	shared, err := config.LoadSharedConfigProfile(ctx, profile)
	if err != nil {
		return nil, err
	}
	loaded, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(profile))
	if err != nil {
		return nil, err
	}
	file, err := ssocreds.StandardCachedTokenFilepath(shared.SSOSessionName)
	if err != nil {
		return nil, err
	}
	got, err := ssocreds.NewSSOTokenProvider(ssooidc.NewFromConfig(loaded), file).RetrieveBearerToken(ctx)
	if err != nil {
		return nil, err
	}
	return answer{"access_token": got.Value}, nil
}

// configs answers each line of standard input, a directory and a profile, with what the SDK reads from
// the files `config` and `credentials` there: a line of values, or "error".
func configs(ctx context.Context) error {
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		directory, profile, _ := strings.Cut(input.Text(), "\t")
		shared, err := config.LoadSharedConfigProfile(ctx, profile, func(o *config.LoadSharedConfigOptions) {
			o.ConfigFiles = []string{directory + "/config"}
			o.CredentialsFiles = []string{directory + "/credentials"}
		})
		if err != nil {
			fmt.Println("error")
			continue
		}
		startURL, region := shared.SSOStartURL, shared.SSORegion
		if shared.SSOSession != nil {
			startURL, region = shared.SSOSession.SSOStartURL, shared.SSOSession.SSORegion
		}
		values := []string{shared.SSOSessionName, shared.SSOAccountID, shared.SSORoleName, shared.Region, startURL, region}
		fmt.Println(strings.ReplaceAll(strings.Join(values, "\t"), "\n", "\\n"))
	}
	return input.Err()
}

func watch(ctx context.Context) (answer, error) {
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	for {
		got, err := loaded.Credentials.Retrieve(ctx)
		print(answer{"access_key_id": got.AccessKeyID}, err)
		time.Sleep(500 * time.Millisecond)
	}
}

func act(ctx context.Context, arguments []string) (answer, error) {
	if len(arguments) == 1 && arguments[0] == "version" {
		return version()
	}
	if len(arguments) == 1 && arguments[0] == "watch" {
		return watch(ctx)
	}
	if len(arguments) == 2 {
		switch arguments[0] {
		case "credentials":
			return credentials(ctx, arguments[1])
		case "token":
			return token(ctx, arguments[1])
		}
	}
	return nil, fmt.Errorf("not understood: %q", arguments)
}

// print prints what was got, or the error in its place.
func print(got answer, err error) {
	if err != nil {
		got = answer{"error": err.Error()}
	}
	line, _ := json.Marshal(got)
	fmt.Println(string(line))
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "configs" {
		if err := configs(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	got, err := act(context.Background(), os.Args[1:])
	print(got, err)
	if err != nil {
		os.Exit(1)
	}
}
