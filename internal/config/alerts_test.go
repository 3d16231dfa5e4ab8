package config_test

import (
	"strings"
	"testing"

	"caretaker/internal/config"
)

// What the notifier could not work with is refused with file, line, key, value and what is allowed.
func TestLoad_refusesWhatTheNotifierCouldNotWorkWith(t *testing.T) {
	for text, wanted := range map[string]string{
		"notify:\n  hosts: [https://chat.example.com/hooks/x]":                                           `caretaker.yaml:3: notify.hosts[0]: "https://chat.example.com/hooks/x" is not allowed: a host without https:// and path`,
		"notify:\n  slack: {secret: s, api: https://evil.example/api}":                                   `notify.slack.api: "https://evil.example/api" is not allowed: https://slack.com/api`,
		"notify:\n  slack: {channel: '#alerts'}":                                                         `notify.slack.secret: "" is not allowed: the name of a secret`,
		"notify:\n  sms: ['0170 1234567']":                                                               `notify.sms[0]: "0170 1234567" is not allowed: each number once`,
		"notify:\n  accountName: 'a|b'":                                                                  `notify.accountName: "a|b" is not allowed`,
		"alerts:\n  notify: {window: 1h}":                                                                `alerts.notify.window: "1h" is not allowed: a duration from 0s to 5m`,
		"alerts:\n  notify: {topics: ['arn:aws:sqs:eu-west-1:111122223333:queue']}":                      `alerts.notify.topics[0]: "arn:aws:sqs:eu-west-1:111122223333:queue" is not allowed: a topic's name such as billing`,
		"regions: [eu-west-1]\nalerts:\n  notify: {topics: ['arn:aws:sns:us-east-1:111122223333:t']}":    `alerts.notify.topics[0]: "arn:aws:sns:us-east-1:111122223333:t" is not allowed: a topic in one of the Regions of the file: eu-west-1`,
		"account: '111122223333'\nalerts:\n  notify: {topics: ['arn:aws:sns:eu-west-1:444455556666:t']}": `alerts.notify.topics[0]: "arn:aws:sns:eu-west-1:444455556666:t" is not allowed: a topic of the account 111122223333`,
		"alerts:\n  notify: {topics: [caretaker-default-notify]}":                                        `alerts.notify.topics[0]: "caretaker-default-notify" is not allowed: a topic of your own`,
	} {
		_, err := load(t, "version: 1\n"+text, config.Options{})
		if err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, wanted)
		}
	}
}
