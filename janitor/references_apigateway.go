package janitor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apigatewaytypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apigatewayv2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
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
	err := everyPage(func(token *string) (*string, error) {
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
	err := everyPage(func(token *string) (*string, error) {
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
	err := everyPage(func(token *string) (*string, error) {
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
	return everyPage(func(token *string) (*string, error) {
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
	err := everyPage(func(token *string) (*string, error) {
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
	return everyPage(func(token *string) (*string, error) {
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

// readAPIStages reads what stages were deployed with: a stage serves the API as it was then,
// whatever was edited since. Nothing tells it of a WebSocket API's stage.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html
func (j *Janitor) readAPIStages(ctx context.Context, in scope) (Findings, error) {
	rest, err := j.restAPIs(ctx)
	if err != nil {
		return Findings{}, err
	}
	var found Findings
	for _, api := range rest {
		stages, err := j.aws.APIGateway.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: api.Id})
		if err == nil {
			err = j.readRestStages(ctx, in, api, stages.Item, &found)
		}
		var gone *apigatewaytypes.NotFoundException
		if err != nil && !errors.As(err, &gone) {
			return Findings{}, fmt.Errorf("reading the stages of REST API %s: %w", aws.ToString(api.Name), err)
		}
	}
	others, err := j.httpAPIs(ctx)
	if err != nil {
		return Findings{}, err
	}
	for _, api := range others {
		if api.ProtocolType == apigatewayv2types.ProtocolTypeWebsocket {
			continue
		}
		err := j.readHTTPStages(ctx, in, api, &found)
		var gone *apigatewayv2types.NotFoundException
		if err != nil && !errors.As(err, &gone) {
			return Findings{}, fmt.Errorf("reading the stages of HTTP API %s: %w", aws.ToString(api.Name), err)
		}
	}
	return found, nil
}

func (j *Janitor) readRestStages(ctx context.Context, in scope, api apigatewaytypes.RestApi, stages []apigatewaytypes.Stage, found *Findings) error {
	for _, stage := range stages {
		if err := found.anywhere(in, APIStage, aws.ToString(api.Name)+"/"+aws.ToString(stage.StageName), stage); err != nil {
			return err
		}
		export, err := j.aws.APIGateway.GetExport(ctx, &apigateway.GetExportInput{
			RestApiId: api.Id, StageName: stage.StageName, ExportType: aws.String("oas30"),
			Accepts: aws.String("application/json"), Parameters: map[string]string{"extensions": "apigateway"},
		})
		var gone *apigatewaytypes.NotFoundException
		if errors.As(err, &gone) {
			continue // deleted since the list; the others are still there
		}
		if err != nil {
			return err
		}
		if err := found.exported(in, api.Name, stage.StageName, export.Body); err != nil {
			return err
		}
	}
	return nil
}

// readHTTPStages reads the stages that need not serve the API as it is now.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-export.html
func (j *Janitor) readHTTPStages(ctx context.Context, in scope, api apigatewayv2types.Api, found *Findings) error {
	var stages []apigatewayv2types.Stage
	err := everyPage(func(token *string) (*string, error) {
		page, err := j.aws.APIGatewayV2.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: api.ApiId, MaxResults: aws.String("100"), NextToken: token})
		if err != nil {
			return nil, err
		}
		stages = append(stages, page.Items...)
		return page.NextToken, nil
	})
	if err != nil {
		return err
	}
	for _, stage := range stages {
		if err := found.anywhere(in, APIStage, aws.ToString(api.Name)+"/"+aws.ToString(stage.StageName), stage); err != nil {
			return err
		}
		if stage.DeploymentId == nil || servesLatest(stage) {
			continue
		}
		export, err := j.aws.APIGatewayV2.ExportApi(ctx, &apigatewayv2.ExportApiInput{
			ApiId: api.ApiId, StageName: stage.StageName, Specification: aws.String("OAS30"), OutputType: aws.String("JSON"), IncludeExtensions: aws.Bool(true),
		})
		var gone *apigatewayv2types.NotFoundException
		if errors.As(err, &gone) {
			continue
		}
		if err != nil {
			return err
		}
		if err := found.exported(in, api.Name, stage.StageName, export.Body); err != nil {
			return err
		}
	}
	return nil
}

// servesLatest says that a stage is deployed with each change of its API, and that the last of
// these deployments went well. That it did is a text alone, since there is no code for it; in
// another wording it costs an export.
func servesLatest(stage apigatewayv2types.Stage) bool {
	return aws.ToBool(stage.AutoDeploy) && strings.HasPrefix(aws.ToString(stage.LastDeploymentStatusMessage), "Successfully deployed")
}

// exported adds what a stage's OpenAPI document calls.
func (f *Findings) exported(in scope, api, stage *string, body []byte) error {
	var document any
	if err := json.Unmarshal(body, &document); err != nil {
		return fmt.Errorf("reading the export of stage %s: %w", aws.ToString(stage), err)
	}
	by := aws.ToString(api) + "/" + aws.ToString(stage)
	f.named(in, APIStage, by, calls{static: arnsIn(document)})
	objects(document, func(part map[string]any) {
		uri, _ := part["uri"].(string)
		credentials, _ := part["credentials"].(string)
		f.named(in, APIStage, by, uriCalls(uri, credentials))
		uri, _ = part["authorizerUri"].(string)
		credentials, _ = part["authorizerCredentials"].(string)
		f.named(in, APIStage, by, uriCalls(uri, credentials))
	})
	return nil
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
		if parts := strings.SplitN(before, ":", 5); len(parts) == 5 {
			region = parts[3] // arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31
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
