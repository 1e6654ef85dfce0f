using Quota.Silo.Events;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Events;

public sealed class EventLogTests
{
    private readonly TestLog _lines = new();
    private readonly ManualTime _time = new();

    [Fact]
    public void A_raised_event_is_one_line_with_all_its_fields()
    {
        ThresholdEvent raised = EventSamples.Create(key: "k\n1");
        new EventLog(_lines.CreateLogger("Quota"), _time).Raised(raised);
        string line = Assert.Single(_lines.Lines);
        Assert.Equal(
            $"Information Quota: Threshold reached: event {raised.Id}, namespace shop, key \"k\\u000a1\", plan pro, limit calls, 80 % of 1000 requests, 801 used, "
            + "period 2026-03-01T00:00:00.000Z to 2026-04-01T00:00:00.000Z (0 more like it were not logged)",
            line.TrimEnd());
    }

    [Fact]
    public void One_threshold_of_many_keys_is_logged_once_per_second_and_others_are_not_held_back()
    {
        var log = new EventLog(_lines.CreateLogger("Quota"), _time);
        for (int i = 0; i < 100; i++)
        {
            log.Raised(EventSamples.Create(key: $"k{i}"));
        }
        log.Raised(EventSamples.Create(percent: 100));
        log.Raised(EventSamples.Create(owner: "other"));
        log.QueueFull("shop");
        log.QueueFull("shop");
        Assert.Equal(4, _lines.Lines.Count);
        _time.AdvanceMs(1_000);
        log.Raised(EventSamples.Create());
        Assert.Contains("(99 more", _lines.Lines.Last(), StringComparison.Ordinal);
    }
}
