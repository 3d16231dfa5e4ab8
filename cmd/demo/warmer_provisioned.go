package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/jedib0t/go-pretty/v6/table"

	"caretaker/test/warmer/instrumented"
	"caretaker/warmer"
)

// provisioned are the two functions with provisioned concurrency in a window that is on: of one somebody set it by hand.
const (
	byWindow = "billing"
	byHand   = "reports"
)

// makeProvisioned makes them.
func (a *warmerAct) makeProvisioned(ctx context.Context, program instrumented.Program) error {
	for _, name := range []string{byWindow, byHand} {
		if err := instrumented.Create(ctx, a.AWS(), instrumented.Function{Name: name, Alias: "live", Program: program}); err != nil {
			return err
		}
	}
	_, err := lambdasvc.NewFromConfig(a.AWS()).PutProvisionedConcurrencyConfig(ctx, &lambdasvc.PutProvisionedConcurrencyConfigInput{
		FunctionName: aws.String(byHand), Qualifier: aws.String("live"), ProvisionedConcurrentExecutions: aws.Int32(2),
	})
	if err != nil {
		return fmt.Errorf("provisioning %s by hand: %w", byHand, err)
	}
	return nil
}

// showProvisioned shows what the second run says of them, and holds it against AWS.
func (a *warmerAct) showProvisioned(ctx context.Context, second told) error {
	a.out.heading("The guarantee, by the same windows: provisioned concurrency")
	var rows []table.Row
	for _, alias := range second.Provisioned {
		output, err := lambdasvc.NewFromConfig(a.AWS()).ListProvisionedConcurrencyConfigs(ctx, &lambdasvc.ListProvisionedConcurrencyConfigsInput{FunctionName: &alias.Name})
		if err != nil {
			return fmt.Errorf("reading what is provisioned: %w", err)
		}
		there := 0
		for _, one := range output.ProvisionedConcurrencyConfigs {
			there += int(aws.ToInt32(one.RequestedProvisionedConcurrentExecutions))
		}
		rows = append(rows, table.Row{alias.Ref, alias.Wanted, there, string(alias.Act), alias.Why})
		switch {
		case alias.Name == byWindow && (alias.Act != warmer.Stay || !alias.Own || there != 3):
			return fmt.Errorf("%s has %d provisioned and the warmer says %q, want 3 that it set itself", alias.Ref, there, alias.Act)
		case alias.Name == byHand && (alias.Act != warmer.Leave || there != 2):
			return fmt.Errorf("%s has %d provisioned and the warmer says %q, want the 2 that were set by hand, left alone", alias.Ref, there, alias.Act)
		}
	}
	if len(rows) != 2 {
		return fmt.Errorf("the second run speaks of %d aliases with provisioned concurrency, want 2", len(rows))
	}
	a.out.table(table.Row{"Run 2", "wanted", "there", "act", "why"}, rows, rightAligned(2, 3)...)
	a.out.aside("Run 1 set the 3. At the end of the window a run takes them away: what the warmer set itself, and nothing else. By hand, the command warmer release does the same.")
	return nil
}
