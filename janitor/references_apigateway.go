package janitor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apigatewaytypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apigatewayv2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"caretaker/internal/paged"
)

// readAPIs reads the integrations and authorizers of all REST, HTTP and WebSocket APIs as
// they are configured now.
func (j *Janitor) readAPIs(ctx context.Context, in scope) (Findings, error) {
	rest, err := j.restAPIs(ctx)
	if err != nil {
		return Findings{}, err
	}
	var found Findings
	for _, api := range rest {
		err := j.readRestAPI(ctx, in, api, &found)
		var gone *apigatewaytypes.NotFoundException
		if err != nil && !errors.As(err, &gone) {
			return Findings{}, fmt.Errorf("reading REST API %s: %w", aws.ToString(api.Name), err)
		}
	}
	others, err := j.httpAPIs(ctx)
	if err != nil {
		return Findings{}, err
	}
	for _, api := range others {
		err := j.readHTTPAPI(ctx, in, api, &found)
		var gone *apigatewayv2types.NotFoundException
		if err != nil && !errors.As(err, &gone) {
			return Findings{}, fmt.Errorf("reading HTTP API %s: %w", aws.ToString(api.Name), err)
		}
	}
	return found, nil
}

func (j *Janitor) restAPIs(ctx context.Context) ([]apigatewaytypes.RestApi, error) {
	var apis []apigatewaytypes.RestApi
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.APIGateway.GetRestApis(ctx, &apigateway.GetRestApisInput{Limit: aws.Int32(500), Position: token})
		if err != nil {
			return nil, err
		}
		apis = append(apis, page.Items...)
		return page.Position, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing REST APIs: %w", err)
	}
	return apis, nil
}

// httpAPIs are the HTTP and WebSocket APIs.
func (j *Janitor) httpAPIs(ctx context.Context) ([]apigatewayv2types.Api, error) {
	var apis []apigatewayv2types.Api
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.APIGatewayV2.GetApis(ctx, &apigatewayv2.GetApisInput{MaxResults: aws.String("100"), NextToken: token})
		if err != nil {
			return nil, err
		}
		apis = append(apis, page.Items...)
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing HTTP APIs: %w", err)
	}
	return apis, nil
}

func (j *Janitor) readRestAPI(ctx context.Context, in scope, api apigatewaytypes.RestApi, found *Findings) error {
	name := aws.ToString(api.Name)
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.APIGateway.GetResources(ctx, &apigateway.GetResourcesInput{
			RestApiId: api.Id, Embed: []string{"methods"}, Limit: aws.Int32(500), Position: token,
		})
		if err != nil {
			return nil, err
		}
		if err := found.anywhere(in, API, name, page.Items); err != nil {
			return nil, err
		}
		for _, resource := range page.Items {
			for _, method := range resource.ResourceMethods {
				if integration := method.MethodIntegration; integration != nil {
					found.named(in, API, name, uriCalls(aws.ToString(integration.Uri), aws.ToString(integration.Credentials)))
				}
			}
		}
		return page.Position, nil
	})
	if err != nil {
		return err
	}
	return paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.APIGateway.GetAuthorizers(ctx, &apigateway.GetAuthorizersInput{RestApiId: api.Id, Limit: aws.Int32(500), Position: token})
		if err != nil {
			return nil, err
		}
		for _, authorizer := range page.Items {
			found.named(in, API, name, uriCalls(aws.ToString(authorizer.AuthorizerUri), aws.ToString(authorizer.AuthorizerCredentials)))
		}
		return page.Position, nil
	})
}

func (j *Janitor) readHTTPAPI(ctx context.Context, in scope, api apigatewayv2types.Api, found *Findings) error {
	name := aws.ToString(api.Name)
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.APIGatewayV2.GetIntegrations(ctx, &apigatewayv2.GetIntegrationsInput{ApiId: api.ApiId, MaxResults: aws.String("100"), NextToken: token})
		if err != nil {
			return nil, err
		}
		if err := found.anywhere(in, API, name, page.Items); err != nil {
			return nil, err
		}
		for _, integration := range page.Items {
			found.named(in, API, name, uriCalls(aws.ToString(integration.IntegrationUri), aws.ToString(integration.CredentialsArn)))
		}
		return page.NextToken, nil
	})
	if err != nil {
		return err
	}
	return paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.APIGatewayV2.GetAuthorizers(ctx, &apigatewayv2.GetAuthorizersInput{ApiId: api.ApiId, MaxResults: aws.String("100"), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, authorizer := range page.Items {
			found.named(in, API, name, uriCalls(aws.ToString(authorizer.AuthorizerUri), aws.ToString(authorizer.AuthorizerCredentialsArn)))
		}
		return page.NextToken, nil
	})
}

// uriCalls reads the URI of an integration or authorizer: a function's ARN, plain or between
// /functions/ and /invocations, perhaps with stage variables in it. A call without credentials
// needs a policy on the very version, which the last look finds; so only one with them is
// followed where it cannot be read.
func uriCalls(uri, credentials string) calls {
	if !strings.Contains(uri, ":lambda:") {
		return calls{}
	}
	region := ""
	if before, after, inPath := strings.Cut(uri, "/functions/"); inPath {
		uri = after
		if path, err := arn.Parse(before); err == nil {
			region = path.Region // arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31
		}
		for _, ending := range []string{"/invocations", "/response-streaming-invocations"} {
			uri = strings.TrimSuffix(uri, ending)
		}
	}
	called := callOf(template(uri, "${"), expression{})
	if credentials == "" {
		called.dynamic = nil
	}
	// A shorter form is of the Region that the path names.
	for i := range called.static {
		called.static[i].region = cmp.Or(called.static[i].region, region)
	}
	for i := range called.dynamic {
		called.dynamic[i].Region = cmp.Or(called.dynamic[i].Region, region)
	}
	return called
}
