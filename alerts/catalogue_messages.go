package alerts

import "caretaker/alerts/label"

var messageChecks = []Check{
	{
		Kind: Queue, Key: "age", Says: "The oldest message of {name} waits for {threshold} or longer.",
		Why:      "Whoever reads the queue does not keep up, or does not read. Of a queue with a long visibility timeout it is six of those, as long as a message is on its way that fails a few times.",
		Measures: []Measure{{"AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", ""}}, Threshold: 600, Unit: Span,
		Period: minute, Datapoints: 3, Periods: 5, Severity: label.Warning, Only: WorkQueues,
	},
	{
		Kind: Queue, Key: "dead-letters", Says: "There are messages in {name}, where those go that nobody could handle: {threshold} or more.",
		Why:      "Each is work that was not done, and is lost when the queue's retention is over.",
		Measures: []Measure{{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", ""}}, Threshold: 1, Unit: Count,
		Period: minute, Datapoints: 1, Periods: 1, Severity: label.Critical, Only: DeadLetters,
	},
	{
		Kind: Topic, Key: "failed", Says: "Messages of {name} do not reach a subscriber, at least {threshold} in 5 minutes.",
		Why:      "SNS has given these up after all its retries.",
		Measures: []Measure{sum("AWS/SNS", "NumberOfNotificationsFailed")}, Threshold: 1, Unit: Count, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Warning,
	},
	{
		Kind: Topic, Key: "lost", Says: "Messages of {name} reach neither a subscriber nor its dead letters, at least {threshold} in 5 minutes.",
		Why:      "They are gone.",
		Measures: []Measure{sum("AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq")}, Threshold: 1, Unit: Count, Period: 5 * minute, Datapoints: 1, Periods: 1, Severity: label.Critical,
	},
}
