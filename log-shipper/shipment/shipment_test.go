package shipment_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"caretaker/internal/want"
	"caretaker/log-shipper/document"
	"caretaker/log-shipper/shipment"
	"caretaker/log-shipper/web"
)

// server answers each request as a function says, for documents of a hundred bytes.
type server struct {
	answer func(docs []int) (shipment.Reply, error)
	// strippable are the documents that may do without something.
	strippable map[int]bool
	posts      [][]int
}

func (s *server) Size(int) int { return 100 }

func (s *server) Post(_ context.Context, docs []int) (shipment.Reply, error) {
	s.posts = append(s.posts, append([]int(nil), docs...))
	return s.answer(docs)
}

func (s *server) Strip(doc int) bool {
	may := s.strippable[doc]
	delete(s.strippable, doc)
	return may
}

func reply(kind shipment.Kind, why string) (shipment.Reply, error) {
	return shipment.Reply{Verdict: shipment.Verdict{Kind: kind, Fate: document.Delivered, Why: why}}, nil
}

func carry(t *testing.T, count int, s *server, options shipment.Options) document.Fates {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	options.Endpoint = "the server"
	return shipment.NewCarrier(options).Carry(ctx, count, s)
}

// Two in a hundred may be what has requests refused. Where nothing is taken at all, it is not the documents; but a
// server that refuses a document that came alone from the start has said so of that one.
func TestCarry_tellsWhatIsToBlame(t *testing.T) {
	for _, c := range []struct {
		name  string
		kind  shipment.Kind
		count int
		bad   func(doc int) bool
		fates map[document.Fate]int
	}{
		{"one spoils the others", shipment.Spoiled, 100, func(doc int) bool { return doc == 42 }, map[document.Fate]int{document.Delivered: 99, document.Refused: 1}},
		{"one is suspect among others", shipment.Suspect, 100, func(doc int) bool { return doc == 42 }, map[document.Fate]int{document.Delivered: 99, document.Refused: 1}},
		{"all are refused", shipment.Spoiled, 100, func(int) bool { return true }, map[document.Fate]int{document.Unsent: 100}},
		{"one that came alone spoils", shipment.Spoiled, 1, func(int) bool { return true }, map[document.Fate]int{document.Refused: 1}},
		{"one that came alone is suspect", shipment.Suspect, 1, func(int) bool { return true }, map[document.Fate]int{document.Unsent: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &server{}
			s.answer = func(docs []int) (shipment.Reply, error) {
				for _, doc := range docs {
					if c.bad(doc) {
						return reply(c.kind, "400 no")
					}
				}
				return reply(shipment.Taken, "")
			}
			fates := carry(t, c.count, s, shipment.Options{})
			got := map[document.Fate]int{}
			for doc, fate := range fates.Of {
				got[fate]++
				want.Equal(t, fmt.Sprintf("whether document %d has a reason", doc), fates.Reasons[doc] == "400 no", fate == document.Refused)
			}
			want.Equal(t, "fates", got, c.fates)
			if c.fates[document.Unsent] > 0 {
				want.Says(t, "why", fmt.Sprint(fates.Err), "sending to the server", "are unsent: 400 no")
			} else {
				want.NoError(t, "sending", fates.Err)
			}
		})
	}
}

func TestCarry_sendsAgainWithoutWhatADocumentMayDoWithout(t *testing.T) {
	s := &server{strippable: map[int]bool{1: true}}
	s.answer = func(docs []int) (shipment.Reply, error) {
		each := make([]shipment.Verdict, len(docs))
		for at, doc := range docs {
			each[at] = shipment.Verdict{Kind: shipment.Taken, Fate: document.Delivered}
			if len(s.posts) == 1 && doc == 1 || doc == 2 {
				each[at] = shipment.Verdict{Kind: shipment.Refused, Why: "400 mapping"}
			}
		}
		return shipment.Reply{Each: each}, nil
	}
	fates := carry(t, 4, s, shipment.Options{})
	want.NoError(t, "sending", fates.Err)
	want.Equal(t, "requests", s.posts, [][]int{{0, 1, 2, 3}, {1}})
	want.Equal(t, "fates", fates.Of, []document.Fate{document.Delivered, document.Delivered, document.Refused, document.Delivered})
}

func TestCarry_cutsRequestsBySizeAndCountAndRemembersWhatWasTooLarge(t *testing.T) {
	s := &server{}
	s.answer = func(docs []int) (shipment.Reply, error) {
		if len(docs) > 1000 {
			return reply(shipment.TooLarge, "413")
		}
		return reply(shipment.Taken, "")
	}
	carrier := shipment.NewCarrier(shipment.Options{Bytes: 150_000, Events: 1400})
	want.NoError(t, "sending", carrier.Carry(t.Context(), 3000, s).Err)
	var sizes []int
	for _, docs := range s.posts {
		sizes = append(sizes, len(docs))
	}
	// Half of 1,400 documents are 70,000 bytes, which is from then on the most.
	want.Equal(t, "documents of each request", sizes, []int{1400, 700, 700, 700, 700, 200})
}

// vault counts how often its secret is read.
type vault int

func (v *vault) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	*v++
	return &secretsmanager.GetSecretValueOutput{SecretString: aws.String("token")}, nil
}

// A secret that is wrong is read once more, not for ever; one that cannot be read ends it at once.
func TestCarry_readsTheSecretOnceMore(t *testing.T) {
	v := new(vault)
	secret := &web.Secret{Name: "logs", Kind: web.Bearer, From: v}
	s := &server{answer: func([]int) (shipment.Reply, error) {
		_, err := secret.Header(t.Context())
		want.NoError(t, "reading the secret", err)
		return reply(shipment.Denied, "401")
	}}
	fates := carry(t, 2, s, shipment.Options{Secret: secret})
	want.Says(t, "why with a secret that stays wrong", fmt.Sprint(fates.Err), "2 of 2 documents are unsent: 401")
	want.Equal(t, "reads of the secret", int(*v), 2)
	s.posts = nil
	fates = carry(t, 2, s, shipment.Options{})
	want.Says(t, "why without a secret", fmt.Sprint(fates.Err), "2 of 2 documents are unsent: 401")
	want.Equal(t, "requests without a secret", len(s.posts), 1)
	s.posts, s.answer = nil, func([]int) (shipment.Reply, error) {
		return shipment.Reply{}, fmt.Errorf("%w: it is empty", web.ErrSecret)
	}
	fates = carry(t, 2, s, shipment.Options{Secret: &web.Secret{}})
	want.Equal(t, "requests without a secret that can be read", len(s.posts), 1)
	if !errors.Is(fates.Err, web.ErrSecret) {
		t.Errorf("the error is %v, want the secret's", fates.Err)
	}
}

func TestCarry_keepsTheOrderAndWaitsAsLongAsItIsAsked(t *testing.T) {
	s := &server{}
	s.answer = func([]int) (shipment.Reply, error) {
		if len(s.posts) == 1 {
			r, err := reply(shipment.Later, "429")
			r.Wait = 300 * time.Millisecond
			return r, err
		}
		return reply(shipment.Taken, "")
	}
	began := time.Now()
	fates := carry(t, 3, s, shipment.Options{Events: 2})
	want.NoError(t, "sending", fates.Err)
	want.Equal(t, "requests", s.posts, [][]int{{0, 1}, {0, 1}, {2}})
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("it took %s, want the 300ms that were asked for", took)
	}
}
