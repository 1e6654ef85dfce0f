using System.Text;
using Quota.Contracts;
using Quota.Silo.Events;

namespace Quota.Silo.Tests.Events;

public sealed class EventScheduleTests
{
    private const long NsPerMs = 1_000_000;

    private readonly EventSchedule _schedule = new();

    [Fact]
    public void Events_of_a_namespace_come_in_the_order_they_are_due_one_at_a_time()
    {
        Add("a", "late", 30);
        Add("a", "first", 10);
        Add("a", "second", 10);
        Assert.Null(Take(9));
        PendingEvent first = _schedule.TryTake(10, out PendingEvent taken) ? taken : throw new InvalidOperationException();
        Assert.Equal("first", Name(first));
        Assert.Null(Take(100));
        Assert.Null(_schedule.NextDueNs);
        _schedule.Return(first, default);
        Assert.Equal("second", Name(Take(20)!));
        Assert.Null(Take(100));
    }

    [Fact]
    public void Namespaces_are_delivered_to_at_the_same_time_and_take_turns()
    {
        foreach (string owner in new[] { "a", "b", "c" })
        {
            Add(owner, owner + "1", 10);
            Add(owner, owner + "2", 10);
        }
        List<string> order = [];
        for (long now = 100; now < 106; now++)
        {
            PendingEvent taken = Take(now)!;
            order.Add(Name(taken));
            _schedule.Return(taken, default);
        }
        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "c2"], order);
        Assert.Equal((0, null), (_schedule.Count, _schedule.NextDueNs));
    }

    [Fact]
    public void A_namespace_whose_target_fails_pauses_longer_and_longer_and_goes_on_at_once_when_it_works()
    {
        for (int i = 0; i < 20; i++)
        {
            Add("dead", i.ToString(System.Globalization.CultureInfo.InvariantCulture), 0);
        }
        long now = 0;
        long[] pauses = new long[12];
        for (int i = 0; i < pauses.Length; i++)
        {
            PendingEvent failed = Take(now)!;
            _schedule.Return(failed, new DeliveryResult(failed with { NextAttemptNs = long.MaxValue / 2 }, true, AnsweredAtNs: now));
            long due = _schedule.NextDueNs!.Value;
            pauses[i] = due - now;
            now = due;
        }
        for (int i = 0; i < pauses.Length; i++)
        {
            Assert.Equal(Math.Min(1_000L << i, 60_000) * NsPerMs, pauses[i]);
        }
        PendingEvent last = Take(now)!;
        _schedule.Return(last, new DeliveryResult(null, false, AnsweredAtNs: now));
        Assert.Equal(now, _schedule.NextDueNs);
    }

    [Fact]
    public void A_target_may_ask_for_a_longer_pause()
    {
        Add("a", "1", 0);
        Add("a", "2", 0);
        PendingEvent taken = Take(5)!;
        _schedule.Return(taken, new DeliveryResult(taken with { NextAttemptNs = 900_000 * NsPerMs }, true, 600_000 * NsPerMs, 5));
        Assert.Equal(5 + (600_000 * NsPerMs), _schedule.NextDueNs);
    }

    [Fact]
    public void What_the_silo_itself_could_not_do_says_nothing_about_the_target()
    {
        Add("a", "1", 0);
        Add("a", "2", 0);
        PendingEvent taken = Take(5)!;
        _schedule.Return(taken, new DeliveryResult(taken with { NextAttemptNs = 100 }));
        Assert.Equal("2", Name(Take(5)!));
    }

    [Fact]
    public void Places_are_bounded_in_all_and_per_namespace()
    {
        int PlacesOf(string owner)
        {
            int places = 0;
            while (_schedule.TryReserve(owner))
            {
                places++;
            }
            return places;
        }
        Assert.Equal(Bounds.EventsPendingPerNamespaceMax, PlacesOf("a"));
        Assert.Equal(Bounds.EventsPendingMax - Bounds.EventsPendingPerNamespaceMax, PlacesOf("b"));
        Assert.False(_schedule.TryReserve("c"));
        _schedule.Release("a");
        Assert.True(_schedule.TryReserve("c"));
        Assert.False(_schedule.TryReserve("a"));
        // A place is held until the event is done with.
        _schedule.Add("c", new byte[1], 0);
        PendingEvent taken = Take(0)!;
        Assert.False(_schedule.TryReserve("a"));
        _schedule.Return(taken, default);
        Assert.True(_schedule.TryReserve("a"));
        Assert.Equal(Bounds.EventsPendingMax, _schedule.Count);
    }

    [Fact]
    public void What_was_pending_before_a_restart_has_its_place_and_waits_an_hour_at_most()
    {
        _schedule.Restore("a", new byte[1], 500, 1_000);
        _schedule.Restore("b", new byte[1], long.MaxValue / 2, 1_000);
        Assert.Equal("a", Take(1_000)!.Namespace);
        Assert.Equal(1_000 + (Bounds.EventRetryMsMax * NsPerMs), _schedule.NextDueNs);
        Assert.Equal(2, _schedule.Count);
    }

    [Fact]
    public void Random_histories_agree_with_a_naive_list()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            EventSchedule schedule = new();
            List<PendingEvent> waiting = [], busy = [];
            for (long now = 0, step = 0; step < 300; step++, now += random.Next(3))
            {
                switch (random.Next(3))
                {
                    case 0:
                        var added = new PendingEvent(((char)('a' + random.Next(4))).ToString(), Encoding.ASCII.GetBytes($"{step}"), now + random.Next(20));
                        Assert.True(schedule.TryReserve(added.Namespace));
                        schedule.Add(added.Namespace, added.RecordId, added.NextAttemptNs);
                        waiting.Add(added);
                        break;
                    case 1:
                        PendingEvent[] due = [.. waiting.Where(w => w.NextAttemptNs <= now && busy.All(b => b.Namespace != w.Namespace))];
                        bool isTaken = schedule.TryTake(now, out PendingEvent taken);
                        Assert.True(isTaken == due.Length > 0, $"seed {seed}, step {step}");
                        if (isTaken)
                        {
                            long earliest = due.Where(d => d.Namespace == taken.Namespace).Min(d => d.NextAttemptNs);
                            PendingEvent expected = due.First(d => d.Namespace == taken.Namespace && d.NextAttemptNs == earliest);
                            Assert.True(Name(expected) == Name(taken), $"seed {seed}, step {step}");
                            waiting.Remove(expected);
                            busy.Add(taken);
                        }
                        break;
                    default:
                        if (busy.Count > 0)
                        {
                            PendingEvent returned = busy[random.Next(busy.Count)];
                            busy.Remove(returned);
                            PendingEvent? again = random.Next(2) == 0 ? returned with { NextAttemptNs = now + random.Next(20) } : null;
                            schedule.Return(returned, new DeliveryResult(again));
                            waiting.AddRange(again is null ? [] : [again]);
                        }
                        break;
                }
                Assert.True(schedule.Count == waiting.Count + busy.Count, $"seed {seed}, step {step}");
            }
        }
    }

    private void Add(string owner, string name, long atNs)
    {
        Assert.True(_schedule.TryReserve(owner));
        _schedule.Add(owner, Encoding.UTF8.GetBytes(name), atNs);
    }

    private PendingEvent? Take(long nowNs) => _schedule.TryTake(nowNs, out PendingEvent taken) ? taken : null;

    private static string Name(PendingEvent pending) => Encoding.UTF8.GetString(pending.RecordId.Span);
}
