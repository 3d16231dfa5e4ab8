package emulator

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// refuse is an error in the protocol that the call speaks.
func (x *exchange) refuse(status int, code, message string) *answer {
	header := http.Header{}
	switch {
	case strings.Contains(x.request.URL.Path, "/operation/"):
		header.Set("Content-Type", "application/cbor")
		header.Set("Smithy-Protocol", "rpc-v2-cbor")
		body := cbor.Encode(cbor.Map{"__type": cbor.String(code), "message": cbor.String(message)})
		return &answer{status, header, body}
	case x.call.Service == "s3":
		header.Set("Content-Type", "application/xml")
		return &answer{status, header, errorXML("Error", code, message)}
	case strings.HasPrefix(x.request.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		header.Set("Content-Type", "text/xml")
		return &answer{status, header, errorXML("ErrorResponse", code, message)}
	}
	header.Set("Content-Type", "application/json")
	header.Set("X-Amzn-Errortype", code)
	body, _ := json.Marshal(map[string]string{"__type": code, "message": message, "Type": "User"}) // strings always can
	return &answer{status, header, body}
}

func errorXML(root, code, message string) []byte {
	type details struct {
		Type    string `xml:",omitempty"`
		Code    string
		Message string
	}
	var document any = struct {
		XMLName xml.Name
		details
	}{xml.Name{Local: root}, details{Code: code, Message: message}}
	if root == "ErrorResponse" {
		document = struct {
			XMLName xml.Name
			Error   details
		}{xml.Name{Local: root}, details{"Sender", code, message}}
	}
	text, _ := xml.Marshal(document) // strings always can
	return text
}

var xmlCode = regexp.MustCompile(`<Code>([^<]*)</Code>`)

// errorCode reads the error code from an answer in any protocol.
func errorCode(given *answer) string {
	code := given.header.Get("X-Amzn-Errortype")
	if code == "" {
		var body struct {
			Type string `json:"__type"`
			Code string `json:"code"`
		}
		if strings.Contains(given.header.Get("Content-Type"), "cbor") {
			if value, err := cbor.Decode(given.body); err == nil {
				if fields, isMap := value.(cbor.Map); isMap {
					text, _ := fields["__type"].(cbor.String)
					body.Type = string(text)
				}
			}
		} else if match := xmlCode.FindSubmatch(given.body); match != nil {
			body.Type = string(match[1])
		} else if json.Unmarshal(given.body, &body) == nil && body.Type == "" {
			body.Type = body.Code
		}
		code = body.Type
	}
	code, _, _ = strings.Cut(code, ":")
	return code[strings.LastIndexAny(code, "#.")+1:]
}
