namespace Quota.Chaos.Table;

/// <summary>
/// The most that was admitted in any window of a length. An admission happened between its question and its answer, so there are two
/// counts: what certainly fell into one window (asked and answered within it), and what possibly did (overlapping it).
/// </summary>
internal static class WorstWindow
{
    /// <summary>The most admissions that certainly fell into one window of this length, in seconds.</summary>
    public static int Certain(IReadOnlyCollection<Admission> admissions, double length)
    {
        // The worst window begins when one of its admissions was asked. From the last question to the first: those answered in time
        // are counted in a tree of sums over the answers' order.
        Admission[] byQuestion = [.. admissions.OrderByDescending(a => a.Asked)];
        double[] answers = [.. admissions.Select(a => a.Answered).Order()];
        int[] tree = new int[answers.Length + 1];
        int most = 0;
        foreach (Admission admission in byQuestion)
        {
            for (int i = Rank(answers, admission.Answered, isInclusive: false) + 1; i < tree.Length; i += i & -i)
            {
                tree[i]++;
            }
            int count = 0;
            for (int i = Rank(answers, admission.Asked + length, isInclusive: false); i > 0; i -= i & -i)
            {
                count += tree[i];
            }
            most = Math.Max(most, count);
        }
        return most;
    }

    /// <summary>The most admissions that can have fallen into one window of this length, in seconds.</summary>
    public static int Possible(IReadOnlyCollection<Admission> admissions, double length)
    {
        double[] questions = [.. admissions.Select(a => a.Asked).Order()];
        double[] answers = [.. admissions.Select(a => a.Answered).Order()];
        return answers.Select(start => Rank(questions, start + length, isInclusive: true) - Rank(answers, start, isInclusive: false)).DefaultIfEmpty(0).Max();
    }

    /// <summary>
    /// The most admissions in one of the silos' own windows, which follow each other from an instant that only they know: as if that were the
    /// one, of all that are 5 ms apart, with the fewest that certainly fell into one window; and how many possibly did then.
    /// </summary>
    public static (int Certain, int Possible) OfOwn(IReadOnlyCollection<Admission> admissions, double length)
    {
        (int Certain, int Possible) least = (int.MaxValue, int.MaxValue);
        for (double start = 0; start < length; start += 0.005)
        {
            var certain = new Dictionary<long, int>();
            var possible = new Dictionary<long, int>();
            foreach (Admission admission in admissions)
            {
                long first = (long)Math.Floor((admission.Asked - start) / length), last = (long)Math.Floor((admission.Answered - start) / length);
                if (first == last)
                {
                    certain[first] = certain.GetValueOrDefault(first) + 1;
                }
                for (long window = first; window <= last; window++)
                {
                    possible[window] = possible.GetValueOrDefault(window) + 1;
                }
            }
            (int, int) most = (certain.Values.DefaultIfEmpty(0).Max(), possible.Values.DefaultIfEmpty(0).Max());
            least = most.CompareTo(least) < 0 ? most : least;
        }
        return least;
    }

    /// <summary>How many are below, or at most, this.</summary>
    private static int Rank(double[] sorted, double value, bool isInclusive)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (sorted[middle] < value || (isInclusive && sorted[middle] == value))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        return low;
    }
}
