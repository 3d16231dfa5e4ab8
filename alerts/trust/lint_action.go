package trust

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"caretaker/alerts"
)

// tellsSomebody finds an alarm that nobody hears. One that a composite alarm is about need not tell anybody itself.
func (l *linter) tellsSomebody() {
	alarm := l.alarm
	switch {
	case alarm.ActionsOff && len(alarm.Actions) > 0:
		l.find(ActionsOff, "somebody switched its actions off, and it fires unheard", "cloudwatch enable-alarm-actions, when the reason is over")
	case alarm.Composite && strings.HasPrefix(alarm.Name, alerts.Prefix(l.Stage)): // others ask for its state, and its children tell
	case len(alarm.Actions) == 0 && !l.heard[alarm.Name]:
		l.find(NoAction, "it has no action for ALARM, and no composite alarm is about it", "give it a topic"+orDelete)
	}
	for _, action := range unique(alarm.Actions, alarm.OKActions, alarm.NoDataActions) {
		l.action(action)
	}
}

// action says what is wrong with an action, as far as the Region's own lists tell: of another account's topic they
// do not.
func (l *linter) action(name string) {
	action, err := arn.Parse(name)
	if err != nil {
		l.find(ActionGone, "the action "+name+" is no ARN", "correct it")
		return
	}
	switch {
	case action.Service == "sns" && action.Region != l.Region:
		l.find(ActionGone, "an alarm tells no topic of another Region: "+name, "take a topic of "+l.Region)
	case action.AccountID != l.Account:
	case action.Service == "sns" && l.Facts.Unread[alerts.Topic] == "" && !l.byARN[name]:
		l.find(ActionGone, "there is no topic "+action.Resource, "make the topic, or take another")
	case action.Service == "sns" && l.Subscribed != nil && l.Facts.Unread[alerts.Topic] == "" && l.Subscribed[name] == 0:
		l.find(NoSubscriber, "the topic "+action.Resource+" has no subscription that was confirmed", "subscribe somebody, and confirm it")
	case action.Service == "lambda" && l.Facts.Unread[alerts.Function] == "":
		function, _, _ := strings.Cut(strings.TrimPrefix(action.Resource, "function:"), ":")
		if _, there := l.byTitle["function/"+function]; !there {
			l.find(ActionGone, "there is no function "+function, "make the function, or take another action")
		}
	}
}

func unique(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
