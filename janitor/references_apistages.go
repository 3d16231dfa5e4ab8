package janitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apigatewaytypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apigatewayv2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"caretaker/internal/paged"
)

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
		switch {
		case errors.As(err, &gone):
			continue // deleted since the list; the others are still there
		case ends(err) || ctx.Err() != nil:
			return err
		case err != nil:
			until := j.restDeployment(ctx, api, stage)
			found.Unread = append(found.Unread, unexported(in, "REST", api.Name, stage.StageName, until, err))
			continue
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
	err := paged.Every(func(token *string) (*string, error) {
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
		switch {
		case errors.As(err, &gone):
			continue
		case ends(err) || ctx.Err() != nil:
			return err
		case err != nil && j.withoutRoutes(ctx, api, err):
			continue
		case err != nil:
			until := j.httpDeployment(ctx, api, stage)
			found.Unread = append(found.Unread, unexported(in, "HTTP", api.Name, stage.StageName, until, err))
			continue
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

// withoutRoutes says whether an export was refused since there is nothing to export: AWS calls that a
// bad request, like much else.
// https://github.com/aws/aws-sdk-js/issues/3980
func (j *Janitor) withoutRoutes(ctx context.Context, api apigatewayv2types.Api, refusal error) bool {
	var bad *apigatewayv2types.BadRequestException
	if !errors.As(refusal, &bad) {
		return false
	}
	some := false
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.APIGatewayV2.GetRoutes(ctx, &apigatewayv2.GetRoutesInput{ApiId: api.ApiId, MaxResults: aws.String("100"), NextToken: token})
		if err != nil {
			return nil, err
		}
		if some = len(page.Items) > 0; some {
			return nil, nil // one is enough
		}
		return page.NextToken, nil // an empty page is not the last while there is a token
	})
	return err == nil && !some
}

// unexported is a stage whose export AWS refused. What it was deployed with could not name a version
// that was published later; the API as it is now is read in any case.
func unexported(in scope, protocol string, api, stage *string, until time.Time, err error) Unread {
	stopped := unread(in.own, "", fmt.Errorf("exporting stage %s of %s API %s: %w", aws.ToString(stage), protocol, aws.ToString(api), err))
	if stopped.Until = until; !until.IsZero() {
		stopped.Cause += "; it may call what was published by " + until.UTC().Format(time.DateOnly) + ", and nothing later"
	}
	return stopped
}

// restDeployment is when a stage was deployed; zero where that says nothing of what it calls, since
// a variable or a canary may change without.
func (j *Janitor) restDeployment(ctx context.Context, api apigatewaytypes.RestApi, stage apigatewaytypes.Stage) time.Time {
	if stage.DeploymentId == nil || len(stage.Variables) > 0 || stage.CanarySettings != nil {
		return time.Time{}
	}
	deployed, err := j.aws.APIGateway.GetDeployment(ctx, &apigateway.GetDeploymentInput{RestApiId: api.Id, DeploymentId: stage.DeploymentId})
	if err != nil {
		return time.Time{}
	}
	return aws.ToTime(deployed.CreatedDate)
}

// httpDeployment is restDeployment for an HTTP API.
func (j *Janitor) httpDeployment(ctx context.Context, api apigatewayv2types.Api, stage apigatewayv2types.Stage) time.Time {
	if stage.DeploymentId == nil || len(stage.StageVariables) > 0 {
		return time.Time{}
	}
	deployed, err := j.aws.APIGatewayV2.GetDeployment(ctx, &apigatewayv2.GetDeploymentInput{ApiId: api.ApiId, DeploymentId: stage.DeploymentId})
	if err != nil {
		return time.Time{}
	}
	return aws.ToTime(deployed.CreatedDate)
}
