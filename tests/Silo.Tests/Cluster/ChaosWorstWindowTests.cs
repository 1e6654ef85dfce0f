extern alias chaos;

using chaos::Quota.Chaos.Table;

namespace Quota.Silo.Tests.Cluster;

/// <summary>How the harness counts: against counting every window by hand.</summary>
public sealed class ChaosWorstWindowTests
{
    private const double Length = 2;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void The_certain_and_the_possible_count_are_those_of_the_worst_window(int seed)
    {
        var random = new Random(seed);
        var admissions = new List<Admission>();
        for (int i = 0; i < 200; i++)
        {
            // Coarse, so that many instants are equal.
            double asked = random.Next(100) / 10.0;
            admissions.Add(new Admission(asked, asked + (random.Next(25) / 10.0), 0));
        }
        int certain = admissions.Max(first => admissions.Count(a => a.Asked >= first.Asked && a.Answered < first.Asked + Length));
        int possible = admissions.Max(first => admissions.Count(a => a.Answered >= first.Answered && a.Asked <= first.Answered + Length));
        Assert.Equal(certain, WorstWindow.Certain(admissions, Length));
        Assert.Equal(possible, WorstWindow.Possible(admissions, Length));
        Assert.True(certain < possible);
    }

    [Fact]
    public void Admissions_that_could_have_been_apart_are_not_certain()
    {
        // Asked within one window; answered when another had begun.
        Admission[] late = [new(0, 0.1, 0), new(1, 2.5, 0)];
        Assert.Equal(1, WorstWindow.Certain(late, Length));
        Assert.Equal(2, WorstWindow.Possible(late, Length));
        Assert.Equal((0, 1), WorstWindow.OfOwn([new(0, 2.5, 0)], Length));
        Assert.Equal(0, WorstWindow.Certain([], Length));
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(11, 11)]
    public void Windows_that_begin_at_an_unknown_instant_are_found(int perWindow, int expected)
    {
        // Full at the end of one window and at the beginning of the next, which begins at 1.3, 3.3, …
        Admission[] admissions = [.. Enumerable.Range(0, perWindow).SelectMany(_ => new Admission[] { new(3.21, 3.22, 0), new(3.38, 3.39, 0) })];
        Assert.Equal(2 * expected, WorstWindow.Certain(admissions, Length));
        Assert.Equal((expected, expected), WorstWindow.OfOwn(admissions, Length));
    }
}
