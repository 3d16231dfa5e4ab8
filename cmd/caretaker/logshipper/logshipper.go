// Package logshipper holds the commands of the log-shipper.
package logshipper

// Commands are those of log-shipper.
type Commands struct {
	Setup       setupCommand       `cmd:"" help:"Put the index template and the data stream of the destination, and pictures into OpenSearch Dashboards. May be run again; changes nothing in AWS."`
	Dashboards  dashboardsCommand  `cmd:"" offline:"" help:"Write the saved objects for OpenSearch Dashboards, to be imported there by hand. Asks nobody anything."`
	Redrive     redriveCommand     `cmd:"" help:"Have the deployed shipper send its dead letters again. Twice changes nothing."`
	Replay      replayCommand      `cmd:"" help:"Ship an archive of logs in S3 from here: an export of CloudWatch Logs, payloads that Firehose wrote, dead letters. Asks first; twice changes nothing."`
	Plan        planCommand        `cmd:"" help:"Show which log groups are subscribed, which would be and which not, and why. Changes nothing; needs read rights only."`
	Try         tryCommand         `cmd:"" offline:"" help:"Show the documents that would be sent of an event in a file, redacted, one on each line. Asks nobody anything."`
	Tail        tailCommand        `cmd:"" help:"Show the log events of one correlation id, request or trace, from all functions, out of the destination. Changes nothing."`
	Unsubscribe unsubscribeCommand `cmd:"" help:"Take the stage's subscription filters off all log groups, after asking. To be done before its stack is destroyed."`
}
