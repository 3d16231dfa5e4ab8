// Command pricelist writes limit-raiser/prices.csv anew from AWS's public price list:
// go run ./cmd/pricelist > limit-raiser/prices.csv, which is what make prices does. It takes
// files and addresses of offers instead of AWS's own, in AWS's JSON.
//
// Nobody needs credentials to read the list. What changed, and what the list lacks, is said on stderr.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	limitraiser "caretaker/limit-raiser"
)

// offers are the lists that have the prices, each for all Regions: some megabytes.
var offers = []string{
	"https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonKinesis/current/index.json",
	"https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonDynamoDB/current/index.json",
}

func main() {
	from := os.Args[1:]
	if len(from) == 0 {
		from = offers
	}
	if err := run(context.Background(), from, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "pricelist:", err)
		os.Exit(1)
	}
}

// run writes the table with what the offers say in the place of what it had.
func run(ctx context.Context, from []string, out, news io.Writer) error {
	var read []offer
	for _, place := range from {
		one, err := load(ctx, place)
		if err != nil {
			return fmt.Errorf("reading the price list %s: %w", place, err)
		}
		read = append(read, one)
	}
	table, changes, err := merge(limitraiser.ListPrices(), read)
	if err != nil {
		return err
	}
	for _, change := range changes {
		fmt.Fprintln(news, change)
	}
	_, err = io.WriteString(out, csv(table))
	return err
}

// load reads an offer from a file or an address.
func load(ctx context.Context, place string) (offer, error) {
	if !strings.HasPrefix(place, "https://") && !strings.HasPrefix(place, "http://") {
		file, err := os.Open(place) // #nosec G304 G703 -- the file that the caller asks for
		if err != nil {
			return offer{}, err
		}
		defer file.Close()
		return decode(file)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, place, http.NoBody) // #nosec G704 -- the address that the caller asks for
	if err != nil {
		return offer{}, err
	}
	response, err := http.DefaultClient.Do(request) // #nosec G107 G704 -- the address that the caller asks for
	if err != nil {
		return offer{}, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return offer{}, fmt.Errorf("the answer is %s", response.Status)
	}
	return decode(response.Body)
}
