package simulation

import (
	"math"
	"time"
)

// BuiltInTraces are the loads that the policy is measured with, each with the capacity of a
// table that was right for its beginning.
func BuiltInTraces() []Trace {
	return []Trace{
		{Name: "step 50 to 250", Present: 50, Points: []Point{{0, 35}, {20 * time.Minute, 250}, {80 * time.Minute, 250}}},
		{Name: "ramp", Present: 70, Points: drawn(90*time.Minute, func(minute float64) float64 { return 50 + 200*clamp((minute-10)/60) })},
		{Name: "daily wave", Present: 70, Points: drawn(24*time.Hour, func(minute float64) float64 {
			return 150 - 100*math.Cos(2*math.Pi*minute/(24*60))
		})},
		// Four minutes in each half hour, each time higher.
		{Name: "spikes", Present: 70, Points: drawn(4*time.Hour, func(minute float64) float64 {
			if in := math.Mod(minute, 30); in >= 20 && in < 24 {
				return 50 + 50*math.Ceil(minute/30)
			}
			return 50
		})},
		// A hundredfold within three minutes, which ebbs away after twenty.
		{Name: "flash sale", Present: 70, Points: drawn(2*time.Hour, func(minute float64) float64 {
			return 50 + 4950*clamp((minute-20)/3)*math.Exp(-max(minute-40, 0)/15)
		})},
		// Sixty times what the table can do: nearly all it sees are attempts that it refuses.
		{Name: "retry storm", Present: 10, Points: []Point{{0, 5}, {20 * time.Minute, 600}, {80 * time.Minute, 600}}},
	}
}

// drawn makes a trace of minutes from a curve.
func drawn(length time.Duration, curve func(minute float64) float64) (points []Point) {
	for at := time.Duration(0); at <= length; at += time.Minute {
		points = append(points, Point{at, curve(at.Minutes())})
	}
	return points
}

func clamp(share float64) float64 { return min(max(share, 0), 1) }
