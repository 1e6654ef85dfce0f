using System.Diagnostics;

namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>One call of a caller, by the clock of <see cref="Stopwatch"/>.</summary>
internal readonly record struct CallerAttempt(CallerKey Key, int Silo, long Start, long End, bool IsDecided)
{
    /// <summary>Whether it was made before the first instant and not over at the second.</summary>
    public bool Spans(long from, long to) => Start < from && End > to;
}
