using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

public sealed class CalendarQuotaTests
{
    private const long MsNs = 1_000_000;
    private const long DayNs = 86_400_000 * MsNs;

    [Fact]
    public void Answers_exactly_as_the_log_of_events() => Seeded.ForEach(4_000, random =>
    {
        long amount = RandomLimit.Amount(random);
        CalendarUnit unit = random.Pick(CalendarUnit.Day, CalendarUnit.Week, CalendarUnit.Month, CalendarUnit.Year);
        var subject = new CounterSubject(LimitModel.Quota("l", amount, new CalendarRule(unit)));
        var property = new CounterProperty(subject, new CalendarModel(amount, unit), amount, MsNs) { ResetsWhileUnused = true };
        property.Check(new Sequence(random, amount, random.Pick(1, 7, 31, 365) * DayNs, DayNs, MsNs).Steps(50));
    });

    [Fact]
    public void A_wall_clock_that_steps_back_does_not_open_the_period_again()
    {
        var subject = new CounterSubject(LimitModel.Quota("l", 5, new CalendarRule(CalendarUnit.Month, "Europe/Berlin")));
        long june = new DateTimeOffset(2025, 6, 1, 0, 0, 0, TimeSpan.FromHours(2)).ToUnixTimeMilliseconds();
        subject.Count(5, At(june + 10));
        Assert.True(subject.Evaluate(1, At(june - 60_000)) > 0);
        Assert.True(subject.Evaluate(1, At(0)) > 0);
        Assert.Equal(5, subject.Used(At(0)));
    }

    [Fact]
    public void The_last_instant_of_the_scale_and_the_longest_step_back_do_not_wrap()
    {
        var subject = new CounterSubject(LimitModel.Quota("l", 1, new CalendarRule(CalendarUnit.Year)));
        subject.Count(1, At(Instant.WallMsMax));
        Assert.InRange(subject.Evaluate(1, At(Instant.WallMsMax)), 1, 366 * DayNs);
        Assert.True(subject.Evaluate(1, At(0)) > 290 * 365 * DayNs);
        Assert.True(subject.ResetNs(At(0)) > 290 * 365 * DayNs);
    }

    private static Instant At(long wallMs) => new(0, wallMs);
}
