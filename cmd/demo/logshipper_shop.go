package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	iamsvc "github.com/aws/aws-sdk-go-v2/service/iam"
	lambdasvc "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	shopName  = "shop-orders"
	shopGroup = "/aws/lambda/" + shopName
	// linesACall is what a call leaves in the log group: START, four lines, END and REPORT.
	linesACall = 7
	// callsWhileDown is how often the function is called while the destination is down.
	callsWhileDown = 5
)

// shopCode is the function. Each of its lines differs from all others.
const shopCode = `import json

def handler(event, context):
    order = event["order"]
    print(json.dumps({"level": "INFO", "message": "order placed", "order": {"id": order, "items": 3, "total": 59.9}, "requestId": context.aws_request_id}))
    print("[WARN]\t2026-11-28T10:00:00.000Z\t" + context.aws_request_id + "\tthe payment of order " + order + " took 812 ms")
    print(context.aws_request_id + " Error: stock of order " + order + " is low")
    print(json.dumps({"level": "DEBUG", "message": "done", "order": {"id": order}, "requestId": context.aws_request_id}))
    return context.aws_request_id
`

const letLambda = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

// openShop makes the function and its log group.
func (a *shipperAct) openShop(ctx context.Context) error {
	role, err := iamsvc.NewFromConfig(a.AWS()).CreateRole(ctx, &iamsvc.CreateRoleInput{RoleName: aws.String(shopName), AssumeRolePolicyDocument: aws.String(letLambda)})
	if err != nil {
		return fmt.Errorf("making the role of %s: %w", shopName, err)
	}
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	file, err := archive.Create("index.py")
	if err == nil {
		_, err = file.Write([]byte(shopCode))
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		return err
	}
	if _, err := a.lambda.CreateFunction(ctx, &lambdasvc.CreateFunctionInput{
		FunctionName: aws.String(shopName), Role: role.Role.Arn, Runtime: lambdatypes.RuntimePython312, Handler: aws.String("index.handler"),
		Code: &lambdatypes.FunctionCode{ZipFile: packed.Bytes()}, Timeout: aws.Int32(20),
	}); err != nil {
		return fmt.Errorf("making the function %s: %w", shopName, err)
	}
	if err := lambdasvc.NewFunctionActiveV2Waiter(a.lambda).Wait(ctx, &lambdasvc.GetFunctionInput{FunctionName: aws.String(shopName)}, time.Minute); err != nil {
		return fmt.Errorf("waiting for the function %s: %w", shopName, err)
	}
	if _, err := a.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(shopGroup)}); err != nil {
		return fmt.Errorf("making the log group %s: %w", shopGroup, err)
	}
	a.out.fact("function", "%s in Python: JSON, a line with a prefix, an error", shopName)
	return nil
}

// order calls the function so often.
func (a *shipperAct) order(ctx context.Context, times int) error {
	for range times {
		var request string
		if err := a.invoke(ctx, shopName, fmt.Sprintf(`{"order":"o-%d"}`, len(a.requests)+1), &request); err != nil {
			return err
		}
		a.requests = append(a.requests, request)
	}
	a.out.fact("called", "%s, %s", shopName, map[bool]string{true: "once", false: fmt.Sprint(times, " times")}[times == 1])
	return nil
}

// nested is a document whose keys with dots are objects.
func nested(source []byte) []byte {
	var flat map[string]any
	if json.Unmarshal(source, &flat) != nil {
		return source
	}
	whole := map[string]any{}
	for key, value := range flat {
		place := whole
		parts := strings.Split(key, ".")
		for _, part := range parts[:len(parts)-1] {
			inner, is := place[part].(map[string]any)
			if !is {
				inner = map[string]any{}
				place[part] = inner
			}
			place = inner
		}
		place[parts[len(parts)-1]] = value
	}
	text, err := json.Marshal(whole)
	if err != nil {
		return source
	}
	return text
}

// brief is a text on one line, cut where it is long.
func brief(words string, most int) string {
	letters := []rune(strings.Join(strings.Fields(words), " "))
	if len(letters) > most {
		return string(letters[:most-3]) + "..."
	}
	return string(letters)
}
