package alerts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apigatewaytypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apigatewayv2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"caretaker/internal/paged"
)

// restAPIs lists the REST APIs, and asks each for its stages. Its metrics are by the API's name, so that two APIs
// of one name with a stage of one name are one to CloudWatch, and here.
func (r *Reconciler) restAPIs(ctx context.Context) ([]Resource, error) {
	named := map[string]string{} // by id
	var ids []string
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.RestAPIs.GetRestApis(ctx, &apigateway.GetRestApisInput{Limit: aws.Int32(500), Position: token})
		if err != nil {
			return nil, err
		}
		for _, api := range page.Items {
			id := aws.ToString(api.Id)
			named[id] = metricName(aws.ToString(api.Name), id)
			ids = append(ids, id)
		}
		return page.Position, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing REST APIs (apigateway:GET): %w", err)
	}
	return each(ctx, ids, func(ctx context.Context, id string) ([]Resource, error) {
		read, err := r.aws.RestAPIs.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: &id})
		var gone *apigatewaytypes.NotFoundException
		switch {
		case errors.As(err, &gone):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("reading the stages of the REST API %s (apigateway:GET): %w", named[id], err)
		}
		var found []Resource
		for _, stage := range read.Item {
			name := aws.ToString(stage.StageName)
			api := r.gatewayARN("/restapis/" + id)
			found = append(found, Resource{Kind: RestAPI, Name: named[id] + "/" + name, ARN: api + "/stages/" + name, partOf: api})
		}
		return found, nil
	})
}

// metricName is what the metrics of a REST API call it: its name without what is not ASCII, or its id where nothing
// is left.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
func metricName(name, id string) string {
	ascii := strings.Map(func(letter rune) rune {
		if letter > '~' {
			return -1
		}
		return letter
	}, name)
	if ascii == "" {
		return id
	}
	return ascii
}

// httpAPIs lists the HTTP APIs, and asks each for its stages. WebSocket APIs are in the same list; they have other
// metrics.
func (r *Reconciler) httpAPIs(ctx context.Context) ([]Resource, error) {
	named := map[string]string{} // by id
	var ids []string
	err := paged.Every(func(token *string) (*string, error) {
		page, err := r.aws.HTTPAPIs.GetApis(ctx, &apigatewayv2.GetApisInput{MaxResults: aws.String("100"), NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, api := range page.Items {
			if api.ProtocolType == apigatewayv2types.ProtocolTypeHttp {
				id := aws.ToString(api.ApiId)
				named[id] = aws.ToString(api.Name)
				ids = append(ids, id)
			}
		}
		return page.NextToken, nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing HTTP APIs (apigateway:GET): %w", err)
	}
	return each(ctx, ids, func(ctx context.Context, id string) ([]Resource, error) {
		var found []Resource
		err := paged.Every(func(token *string) (*string, error) {
			page, err := r.aws.HTTPAPIs.GetStages(ctx, &apigatewayv2.GetStagesInput{ApiId: &id, MaxResults: aws.String("100"), NextToken: token})
			if err != nil {
				return nil, err
			}
			for _, stage := range page.Items {
				name := aws.ToString(stage.StageName)
				api := r.gatewayARN("/apis/" + id)
				found = append(found, Resource{Kind: HTTPAPI, Name: named[id] + "/" + id + "/" + name, ARN: api + "/stages/" + name, partOf: api})
			}
			return page.NextToken, nil
		})
		var gone *apigatewayv2types.NotFoundException
		switch {
		case errors.As(err, &gone):
			return nil, nil
		case err != nil:
			return nil, fmt.Errorf("reading the stages of the HTTP API %s (apigateway:GET): %w", named[id], err)
		}
		return found, nil
	})
}

// gatewayARN is that of something in API Gateway, which has no account in it.
func (r *Reconciler) gatewayARN(path string) string {
	return "arn:" + r.home.Partition + ":apigateway:" + r.home.Region + "::" + path
}
