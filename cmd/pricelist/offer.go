package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	limitraiser "caretaker/limit-raiser"
)

// offer is a service's list of prices, as AWS publishes it:
// https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api-fetching-price-list-files-manually.html
type offer struct {
	Code      string    `json:"offerCode"`
	Published time.Time `json:"publicationDate"`
	Products  map[string]struct {
		Family     string `json:"productFamily"`
		Attributes struct {
			Region       string `json:"regionCode"`
			LocationType string `json:"locationType"`
			Group        string `json:"group"`
			UsageType    string `json:"usagetype"`
		} `json:"attributes"`
	} `json:"products"`
	Terms struct {
		// OnDemand has, by SKU and offer term, what costs how much: of several the first ranges may
		// be a free tier.
		OnDemand map[string]map[string]struct {
			Dimensions map[string]struct {
				EndRange     string            `json:"endRange"`
				PricePerUnit map[string]string `json:"pricePerUnit"`
			} `json:"priceDimensions"`
		} `json:"OnDemand"`
	} `json:"terms"`
}

// product is how a price is found in an offer.
type product struct{ offer, family, group, usageType string }

// products are the prices that the limit-raiser knows.
var products = map[string]product{
	limitraiser.PriceShard:               {"AmazonKinesis", "Kinesis Streams", "Provisioned shard hour", "Storage-ShardHour"},
	limitraiser.PriceReadUnit:            {"AmazonDynamoDB", "Provisioned IOPS", "DDB-ReadUnits", "ReadCapacityUnit-Hrs"},
	limitraiser.PriceWriteUnit:           {"AmazonDynamoDB", "Provisioned IOPS", "DDB-WriteUnits", "WriteCapacityUnit-Hrs"},
	limitraiser.PriceInfrequentReadUnit:  {"AmazonDynamoDB", "Provisioned IOPS", "DDB-ReadUnitsIA", "IA-ReadCapacityUnit-Hrs"},
	limitraiser.PriceInfrequentWriteUnit: {"AmazonDynamoDB", "Provisioned IOPS", "DDB-WriteUnitsIA", "IA-WriteCapacityUnit-Hrs"},
}

func decode(from io.Reader) (offer, error) {
	var one offer
	if err := json.NewDecoder(from).Decode(&one); err != nil {
		return offer{}, fmt.Errorf("it is not a price list in JSON: %w", err)
	}
	if one.Code == "" || one.Published.IsZero() || len(one.Products) == 0 {
		return offer{}, fmt.Errorf("it is not a price list: it has the offer %q, the date %s and %d products", one.Code, one.Published.Format(time.DateOnly), len(one.Products))
	}
	return one, nil
}

// prices are those of one name in the offer, by Region.
func (o offer) prices(name string) (map[string]limitraiser.ListPrice, error) {
	wanted, found := products[name], map[string]limitraiser.ListPrice{}
	for sku, p := range o.Products {
		at := p.Attributes
		// A usage type begins with the code of its Region, but in the oldest one.
		_, usage, _ := strings.Cut(at.UsageType, "-")
		if p.Family != wanted.family || at.Group != wanted.group || wanted.usageType != usage && wanted.usageType != at.UsageType ||
			at.LocationType != "AWS Region" || at.Region == "" {
			continue
		}
		usd, err := o.dollars(sku)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", name, at.Region, err)
		}
		if before, twice := found[at.Region]; twice && before.USD != usd {
			return nil, fmt.Errorf("%s of %s: the list has $%v and $%v", name, at.Region, before.USD, usd)
		}
		found[at.Region] = limitraiser.ListPrice{Name: name, Region: at.Region, USD: usd, AsOf: o.Published.Format(time.DateOnly), Source: "list"}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s: the list of %s has no product of the family %q, the group %q and the usage type %q: AWS may call it otherwise now", name, o.Code, wanted.family, wanted.group, wanted.usageType)
	}
	return found, nil
}

// dollars is what a unit costs beyond any free tier.
func (o offer) dollars(sku string) (float64, error) {
	var all []float64
	for _, term := range o.Terms.OnDemand[sku] {
		for _, dimension := range term.Dimensions {
			if dimension.EndRange != "Inf" {
				continue
			}
			usd, err := strconv.ParseFloat(dimension.PricePerUnit["USD"], 64)
			if err != nil || !(usd > 0) {
				return 0, fmt.Errorf("the product %s costs %q dollars, want a number over 0", sku, dimension.PricePerUnit["USD"])
			}
			all = append(all, usd)
		}
	}
	if len(all) != 1 {
		return 0, fmt.Errorf("the product %s has %d prices on demand without an end, want one", sku, len(all))
	}
	return all[0], nil
}

// merge puts what the offers say in the place of what the table has, and says what changed. What an
// offer lacks is kept, and said.
func merge(table []limitraiser.ListPrice, read []offer) (merged []limitraiser.ListPrice, changes []string, err error) {
	for _, o := range read {
		if !slices.ContainsFunc(limitraiser.PriceNames(), func(name string) bool { return products[name].offer == o.Code }) {
			return nil, nil, fmt.Errorf("%s is no list that has one of the prices %s", o.Code, strings.Join(limitraiser.PriceNames(), ", "))
		}
	}
	for _, name := range limitraiser.PriceNames() {
		at := slices.IndexFunc(read, func(o offer) bool { return o.Code == products[name].offer })
		found := map[string]limitraiser.ListPrice{}
		if at >= 0 {
			if found, err = read[at].prices(name); err != nil {
				return nil, nil, err
			}
		}
		var kept []string
		for _, before := range table {
			now, still := found[before.Region]
			switch {
			case before.Name != name:
				continue
			case !still:
				merged = append(merged, before)
				kept = append(kept, before.Region)
				continue
			case now.USD != before.USD:
				changes = append(changes, fmt.Sprintf("%s %s: $%v instead of $%v (%s, %s)", name, before.Region, now.USD, before.USD, before.Source, before.AsOf))
			}
			merged = append(merged, now)
			delete(found, before.Region)
		}
		if at >= 0 && len(kept) > 0 {
			changes = append(changes, fmt.Sprintf("%s: the list does not have %s: what the table has of it stays", name, strings.Join(kept, ", ")))
		}
		for _, fresh := range found {
			merged = append(merged, fresh)
			changes = append(changes, fmt.Sprintf("%s %s: $%v, which the table did not have", name, fresh.Region, fresh.USD))
		}
	}
	slices.SortFunc(merged, func(a, b limitraiser.ListPrice) int { return strings.Compare(a.Name+","+a.Region, b.Name+","+b.Region) })
	slices.Sort(changes)
	return merged, changes, nil
}

// csv is the table as the file has it. No cell has a comma.
func csv(table []limitraiser.ListPrice) string {
	text := "price,region,usd,asOf,source\n"
	for _, p := range table {
		text += strings.Join([]string{p.Name, p.Region, strconv.FormatFloat(p.USD, 'f', -1, 64), p.AsOf, p.Source}, ",") + "\n"
	}
	return text
}
