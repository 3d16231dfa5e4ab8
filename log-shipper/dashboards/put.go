package dashboards

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
)

// Caller sends a request to Dashboards, with what it is known by there.
type Caller interface {
	Call(ctx context.Context, method, path string, header http.Header, body []byte) (status int, answer []byte, err error)
}

// Done is how many objects Put found and made.
type Done struct {
	// Created were not there, Replaced were of another edition, AsItWas were left alone.
	Created, Replaced, AsItWas int
}

// Put brings the objects for a data stream to Dashboards, for all users: into the global tenant where there
// are tenants. What is there of the same edition stays, however it was changed by hand; so a second time
// changes nothing.
func Put(ctx context.Context, to Caller, dataStream string) (Done, error) {
	objects := Objects(dataStream)
	stands, err := standing(ctx, to, objects)
	if err != nil {
		return Done{}, err
	}
	var done Done
	var missing []Object
	for _, object := range objects {
		there, known := stands[object.Type+" "+object.ID]
		switch {
		case !known:
			done.Created++
		case there == edition(object.Attributes["description"]):
			done.AsItWas++
			continue
		default:
			done.Replaced++
		}
		missing = append(missing, object)
	}
	if len(missing) == 0 {
		return done, nil
	}
	return done, put(ctx, to, missing)
}

// standing are the editions of those objects that are there.
func standing(ctx context.Context, to Caller, objects []Object) (map[string]string, error) {
	var asked []map[string]any
	for _, object := range objects {
		asked = append(asked, map[string]any{"type": object.Type, "id": object.ID, "fields": []string{"description"}})
	}
	var told struct {
		Objects []struct {
			Type, ID   string
			Attributes map[string]any
			Error      *struct {
				StatusCode int
				Message    string
			}
		} `json:"saved_objects"`
	}
	body, err := json.Marshal(asked)
	if err == nil {
		err = call(ctx, to, "/api/saved_objects/_bulk_get", "application/json", body, &told)
	}
	if err != nil {
		return nil, fmt.Errorf("looking for what is there: %w", err)
	}
	if len(told.Objects) != len(objects) {
		return nil, fmt.Errorf("looking for what is there: asked for %d objects, Dashboards tells of %d", len(objects), len(told.Objects))
	}
	found := map[string]string{}
	for _, object := range told.Objects {
		switch {
		case object.Error == nil:
			found[object.Type+" "+object.ID] = edition(object.Attributes["description"])
		case object.Error.StatusCode != http.StatusNotFound:
			return nil, fmt.Errorf("looking for %s %s: %s", object.Type, object.ID, object.Error.Message)
		}
	}
	return found, nil
}

// put imports objects, over those that are there.
func put(ctx context.Context, to Caller, objects []Object) error {
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	file, err := writer.CreateFormFile("file", "caretaker.ndjson") // Dashboards goes by the name's end
	if err == nil {
		_, err = file.Write(lines(objects))
	}
	if err == nil {
		err = writer.Close()
	}
	var told struct {
		Success      bool
		SuccessCount int
		Errors       []struct {
			ID, Type string
			Error    struct{ Type, Message, Reason string }
		}
	}
	if err == nil {
		err = call(ctx, to, "/api/saved_objects/_import?overwrite=true", writer.FormDataContentType(), form.Bytes(), &told)
	}
	switch {
	case err != nil:
		return fmt.Errorf("importing %d objects: %w", len(objects), err)
	case len(told.Errors) > 0:
		first := told.Errors[0]
		return fmt.Errorf("importing %d objects: %d of them were refused, such as %s %s: %s", len(objects), len(told.Errors), first.Type, first.ID,
			strings.TrimSpace(strings.Join([]string{first.Error.Type, first.Error.Message, first.Error.Reason}, " ")))
	case !told.Success || told.SuccessCount != len(objects):
		return fmt.Errorf("importing %d objects: Dashboards says that %d are there", len(objects), told.SuccessCount)
	}
	return nil
}

// mostQuoted is how much of an answer is quoted that is none.
const mostQuoted = 200

// call asks one API of Dashboards.
func call(ctx context.Context, to Caller, path, kind string, body []byte, into any) error {
	header := http.Header{}
	header.Set("Content-Type", kind)
	header.Set("Osd-Xsrf", "true") // without it Dashboards takes nothing that changes
	// https://docs.opensearch.org/latest/security/multi-tenancy/multi-tenancy-config/
	header.Set("Securitytenant", "global")
	status, answer, err := to.Call(ctx, http.MethodPost, path, header, body)
	switch {
	case err != nil:
		return err
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fmt.Errorf("%s: Dashboards does not let us in: %s", http.StatusText(status), quoted(answer))
	case status == http.StatusNotFound, status/100 == 3:
		return fmt.Errorf("%d: there is no OpenSearch Dashboards at this address; on a domain of AWS its address ends in /_dashboards: %s", status, quoted(answer))
	case status/100 != 2:
		return fmt.Errorf("%d %s: %s", status, http.StatusText(status), quoted(answer))
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return errors.New("its answer is no JSON: is this the address of OpenSearch Dashboards? " + quoted(answer))
	}
	return nil
}

// quoted is what an answer says, in short.
func quoted(answer []byte) string {
	var told struct{ Message string }
	if json.Unmarshal(answer, &told) == nil && told.Message != "" {
		return told.Message
	}
	text := strings.Join(strings.Fields(string(answer)), " ")
	if len(text) > mostQuoted {
		text = text[:mostQuoted] + "..."
	}
	return text
}
