package janitor

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appsync"
	appsynctypes "github.com/aws/aws-sdk-go-v2/service/appsync/types"

	"caretaker/internal/paged"
)

// readDataSources reads the functions behind the data sources of GraphQL and Event APIs,
// which call them with a service role, and the authorizers in the APIs themselves.
func (j *Janitor) readDataSources(ctx context.Context, in scope) (Findings, error) {
	apis := map[string]string{}
	var found Findings
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.AppSync.ListGraphqlApis(ctx, &appsync.ListGraphqlApisInput{MaxResults: 25, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, api := range page.GraphqlApis {
			if err := found.anywhere(in, DataSource, aws.ToString(api.Name), api); err != nil {
				return nil, err
			}
			apis[aws.ToString(api.ApiId)] = aws.ToString(api.Name)
		}
		return page.NextToken, nil
	})
	if err != nil {
		return Findings{}, fmt.Errorf("listing GraphQL APIs: %w", err)
	}
	err = paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.AppSync.ListApis(ctx, &appsync.ListApisInput{MaxResults: 25, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, api := range page.Apis {
			if err := found.anywhere(in, DataSource, aws.ToString(api.Name), api); err != nil {
				return nil, err
			}
			apis[aws.ToString(api.ApiId)] = aws.ToString(api.Name)
		}
		return page.NextToken, nil
	})
	if err != nil {
		return Findings{}, fmt.Errorf("listing Event APIs: %w", err)
	}
	for id, name := range apis {
		if err := j.readSourcesOf(ctx, in, id, name, &found); err != nil {
			return Findings{}, fmt.Errorf("listing data sources of %s: %w", name, err)
		}
	}
	return found, nil
}

func (j *Janitor) readSourcesOf(ctx context.Context, in scope, id, name string, found *Findings) error {
	err := paged.Every(func(token *string) (*string, error) {
		page, err := j.aws.AppSync.ListDataSources(ctx, &appsync.ListDataSourcesInput{ApiId: &id, MaxResults: 25, NextToken: token})
		if err != nil {
			return nil, err
		}
		for _, source := range page.DataSources {
			if err := found.anywhere(in, DataSource, name+" "+aws.ToString(source.Name), source); err != nil {
				return nil, err
			}
		}
		return page.NextToken, nil
	})
	var gone *appsynctypes.NotFoundException
	if errors.As(err, &gone) {
		return nil
	}
	return err
}
