package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	resttypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	httptypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/appsync"
	synctypes "github.com/aws/aws-sdk-go-v2/service/appsync/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrictypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// invocationURI is how API Gateway names a function.
func (s *seeder) invocationURI(function string) string {
	return "arn:aws:apigateway:" + s.cfg.Region + ":lambda:path/2015-03-31/functions/" + function + "/invocations"
}

// restAPIs calls versions with a role: by number, from an authorizer, by a stage variable, and
// from a stage that was deployed before its API was edited.
func (s *seeder) restAPIs(ctx context.Context) error {
	s.protectAll(partnerAPI, 1, "a REST API names its qualifier by a stage variable", "apiGateway", "dynamicTargets")
	integration := s.protect(storefrontAPI, 3, "integration of a REST API with a role", "apiGateway")
	authorizer := s.protect(storefrontAPI, 4, "authorizer of a REST API with a role", "apiGateway")
	deployed := s.protect(storefrontAPI, 5, "deployed stage of a REST API that was edited since", "apiGatewayStages")
	client := apigateway.NewFromConfig(s.cfg)
	if err := s.editedAPI(ctx, client, deployed); err != nil {
		return fmt.Errorf("deploying a REST API: %w", err)
	}
	for name, function := range map[string]string{"storefront": integration, "partners": s.arn(partnerAPI, "${stageVariables.version}")} {
		api, err := client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: &name})
		if err != nil {
			return fmt.Errorf("creating REST API %s: %w", name, err)
		}
		items, err := restResource(ctx, client, aws.ToString(api.Id))
		if err == nil {
			err = s.integrate(ctx, client, aws.ToString(api.Id), items, function)
		}
		if err != nil {
			return fmt.Errorf("filling REST API %s: %w", name, err)
		}
		if name != "storefront" {
			continue
		}
		_, err = client.CreateAuthorizer(ctx, &apigateway.CreateAuthorizerInput{
			RestApiId: api.Id, Name: aws.String("customers"), Type: resttypes.AuthorizerTypeToken,
			AuthorizerUri: aws.String(s.invocationURI(authorizer)), AuthorizerCredentials: &s.invokerRole,
			IdentitySource: aws.String("method.request.header.Authorization"),
		})
		if err != nil {
			return fmt.Errorf("creating the authorizer of REST API %s: %w", name, err)
		}
	}
	return nil
}

// editedAPI deploys an API whose integration calls one version, and then has it call $LATEST
// without deploying it again.
func (s *seeder) editedAPI(ctx context.Context, client *apigateway.Client, deployed string) error {
	api, err := client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("catalogue")})
	if err != nil {
		return err
	}
	id := aws.ToString(api.Id)
	items, err := restResource(ctx, client, id)
	if err != nil {
		return err
	}
	if err := s.integrate(ctx, client, id, items, deployed); err != nil {
		return err
	}
	_, err = client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: &id, StageName: aws.String("prod")})
	if err != nil {
		return err
	}
	return s.integrate(ctx, client, id, items, s.arn(storefrontAPI, "$LATEST"))
}

// restResource makes a resource with a method below an API's root.
func restResource(ctx context.Context, client *apigateway.Client, api string) (string, error) {
	resources, err := client.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: &api})
	if err != nil {
		return "", err
	}
	items, err := client.CreateResource(ctx, &apigateway.CreateResourceInput{
		RestApiId: &api, ParentId: resources.Items[0].Id, PathPart: aws.String("items"),
	})
	if err != nil {
		return "", err
	}
	_, err = client.PutMethod(ctx, &apigateway.PutMethodInput{
		RestApiId: &api, ResourceId: items.Id, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE"),
	})
	return aws.ToString(items.Id), err
}

// integrate has the method call a function with a role.
func (s *seeder) integrate(ctx context.Context, client *apigateway.Client, api, resource, function string) error {
	_, err := client.PutIntegration(ctx, &apigateway.PutIntegrationInput{
		RestApiId: &api, ResourceId: &resource, HttpMethod: aws.String("GET"), Type: resttypes.IntegrationTypeAwsProxy,
		IntegrationHttpMethod: aws.String("POST"), Uri: aws.String(s.invocationURI(function)), Credentials: &s.invokerRole,
	})
	return err
}

// httpAPIs calls versions with a role: from an integration, from an authorizer, and from a stage
// that was deployed before its API was edited. One of them has lost its routes, so that nothing exports it.
func (s *seeder) httpAPIs(ctx context.Context) error {
	client := apigatewayv2.NewFromConfig(s.cfg)
	deployed := s.protect(loyaltyPoints, 4, "deployed stage of an HTTP API that was edited since", "apiGatewayStages")
	if err := s.editedHTTPAPI(ctx, client, deployed); err != nil {
		return fmt.Errorf("deploying an HTTP API: %w", err)
	}
	if err := emptyAPI(ctx, client); err != nil {
		return fmt.Errorf("emptying an HTTP API: %w", err)
	}
	api, err := client.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("storefront"), ProtocolType: httptypes.ProtocolTypeHttp})
	if err != nil {
		return fmt.Errorf("creating an HTTP API: %w", err)
	}
	_, err = client.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: api.ApiId, IntegrationType: httptypes.IntegrationTypeAwsProxy, PayloadFormatVersion: aws.String("2.0"),
		IntegrationUri: aws.String(s.protect(storefrontAPI, 2, "integration of an HTTP API with a role", "apiGateway")), CredentialsArn: &s.invokerRole,
	})
	if err != nil {
		return fmt.Errorf("integrating a function with an HTTP API: %w", err)
	}
	authorizer := s.protect(storefrontAPI, 1, "authorizer of an HTTP API with a role", "apiGateway")
	_, err = client.CreateAuthorizer(ctx, &apigatewayv2.CreateAuthorizerInput{
		ApiId: api.ApiId, Name: aws.String("customers"), AuthorizerType: httptypes.AuthorizerTypeRequest,
		AuthorizerUri: aws.String(s.invocationURI(authorizer)), AuthorizerCredentialsArn: &s.invokerRole,
		IdentitySource: []string{"$request.header.Authorization"}, AuthorizerPayloadFormatVersion: aws.String("2.0"),
	})
	if err != nil {
		return fmt.Errorf("creating the authorizer of an HTTP API: %w", err)
	}
	return nil
}

// editedHTTPAPI is editedAPI for an HTTP API, whose stage is not deployed with each change.
func (s *seeder) editedHTTPAPI(ctx context.Context, client *apigatewayv2.Client, deployed string) error {
	api, err := client.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("loyalty"), ProtocolType: httptypes.ProtocolTypeHttp})
	if err != nil {
		return err
	}
	integration, err := client.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: api.ApiId, IntegrationType: httptypes.IntegrationTypeAwsProxy, PayloadFormatVersion: aws.String("2.0"),
		IntegrationUri: &deployed, CredentialsArn: &s.invokerRole,
	})
	if err != nil {
		return err
	}
	_, err = client.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: api.ApiId, RouteKey: aws.String("GET /points"), Target: aws.String("integrations/" + aws.ToString(integration.IntegrationId)),
	})
	if err != nil {
		return err
	}
	deployment, err := client.CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{ApiId: api.ApiId})
	if err != nil {
		return err
	}
	_, err = client.CreateStage(ctx, &apigatewayv2.CreateStageInput{ApiId: api.ApiId, StageName: aws.String("prod"), DeploymentId: deployment.DeploymentId})
	if err != nil {
		return err
	}
	_, err = client.UpdateIntegration(ctx, &apigatewayv2.UpdateIntegrationInput{
		ApiId: api.ApiId, IntegrationId: integration.IntegrationId, IntegrationUri: aws.String(s.arn(loyaltyPoints, "$LATEST")),
	})
	return err
}

// emptyAPI is deployed with each change, and its only route is gone.
func emptyAPI(ctx context.Context, client *apigatewayv2.Client) error {
	api, err := client.CreateApi(ctx, &apigatewayv2.CreateApiInput{Name: aws.String("drafts"), ProtocolType: httptypes.ProtocolTypeHttp})
	if err != nil {
		return err
	}
	route, err := client.CreateRoute(ctx, &apigatewayv2.CreateRouteInput{ApiId: api.ApiId, RouteKey: aws.String("GET /drafts")})
	if err != nil {
		return err
	}
	deployment, err := client.CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{ApiId: api.ApiId})
	if err != nil {
		return err
	}
	_, err = client.CreateStage(ctx, &apigatewayv2.CreateStageInput{
		ApiId: api.ApiId, StageName: aws.String("prod"), DeploymentId: deployment.DeploymentId, AutoDeploy: aws.Bool(true),
	})
	if err != nil {
		return err
	}
	_, err = client.DeleteRoute(ctx, &apigatewayv2.DeleteRouteInput{ApiId: api.ApiId, RouteId: route.RouteId})
	return err
}

// eventRules sends events with a role, from the default bus and from one of the shop's own, and
// starts a state machine with a version in its input.
func (s *seeder) eventRules(ctx context.Context) error {
	client := eventbridge.NewFromConfig(s.cfg)
	if _, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("shop")}); err != nil {
		return fmt.Errorf("creating event bus shop: %w", err)
	}
	for bus, version := range map[string]int{"default": 2, "shop": 3} {
		_, err := client.PutRule(ctx, &eventbridge.PutRuleInput{
			Name: aws.String("points"), EventBusName: &bus, EventPattern: aws.String(`{"source":["shop.points"]}`),
		})
		if err != nil {
			return fmt.Errorf("creating a rule on event bus %s: %w", bus, err)
		}
		out, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{
			Rule: aws.String("points"), EventBusName: &bus, Targets: []eventtypes.Target{{
				Id: aws.String("loyalty"), RoleArn: &s.invokerRole,
				Arn: aws.String(s.protect(loyaltyPoints, version, "target of an EventBridge rule with a role", "eventBridge")),
			}},
		})
		if err != nil || out.FailedEntryCount > 0 {
			return fmt.Errorf("setting the target of a rule on event bus %s: %d refused: %w", bus, out.FailedEntryCount, err)
		}
	}
	out, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: aws.String("points"), Targets: []eventtypes.Target{{
			Id: aws.String("expiry"), RoleArn: &s.invokerRole, Arn: aws.String(s.machine("expire-points")),
			Input: aws.String(`{"step":"` + s.protect(loyaltyPoints, 5, "input with which a rule starts a state machine", "eventBridge") + `"}`),
		}},
	})
	if err != nil || out.FailedEntryCount > 0 {
		return fmt.Errorf("having a rule start a state machine: %d refused: %w", out.FailedEntryCount, err)
	}
	return nil
}

// graphs resolves a GraphQL API's fields by a version.
func (s *seeder) graphs(ctx context.Context) error {
	client := appsync.NewFromConfig(s.cfg)
	api, err := client.CreateGraphqlApi(ctx, &appsync.CreateGraphqlApiInput{
		Name: aws.String("products"), AuthenticationType: synctypes.AuthenticationTypeApiKey,
	})
	if err != nil {
		return fmt.Errorf("creating a GraphQL API: %w", err)
	}
	_, err = client.CreateDataSource(ctx, &appsync.CreateDataSourceInput{
		ApiId: api.GraphqlApi.ApiId, Name: aws.String("products"), Type: synctypes.DataSourceTypeAwsLambda, ServiceRoleArn: &s.invokerRole,
		LambdaConfig: &synctypes.LambdaDataSourceConfig{
			LambdaFunctionArn: aws.String(s.protect(productGraph, 3, "data source of a GraphQL API", "appSync")),
		},
	})
	if err != nil {
		return fmt.Errorf("creating a data source of a GraphQL API: %w", err)
	}
	return nil
}

// invocations puts the metric that Lambda writes when a version is called by its number. AWS
// refuses its own namespaces; the emulator does not, and leaves out the dimension Resource itself.
func (s *seeder) invocations(ctx context.Context) error {
	s.protect(imageResize, 2, "invoked by its number yesterday", "invokedWithin")
	_, err := cloudwatch.NewFromConfig(s.cfg).PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
		Namespace: aws.String("AWS/Lambda"), MetricData: []metrictypes.MetricDatum{{
			MetricName: aws.String("Invocations"), Value: aws.Float64(3), Unit: metrictypes.StandardUnitCount,
			Timestamp: aws.Time(s.now.Add(-24 * time.Hour)),
			Dimensions: []metrictypes.Dimension{
				{Name: aws.String("FunctionName"), Value: aws.String(imageResize)},
				{Name: aws.String("Resource"), Value: aws.String(imageResize + ":2")},
			},
		}},
	})
	if err != nil {
		return fmt.Errorf("writing the invocations of %s:2: %w", imageResize, err)
	}
	return nil
}
