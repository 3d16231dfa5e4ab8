package emulator

import (
	"net/http"

	"github.com/aws/smithy-go/encoding/cbor"
)

// asksInCBOR is asks for the services that speak CBOR.
func (x *exchange) asksInCBOR() (asked cbor.Map, refused *answer, err error) {
	if refused, err = x.authorise(); err != nil || refused != nil {
		return nil, refused, err
	}
	value, err := cbor.Decode(x.body)
	asked, _ = value.(cbor.Map)
	return asked, nil, err
}

// inCBOR is an answer of the proxy's own to them.
func inCBOR(body cbor.Map) *answer {
	header := http.Header{"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"}}
	return &answer{status: http.StatusOK, header: header, body: cbor.Encode(body)}
}
