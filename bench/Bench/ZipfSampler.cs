namespace Quota.Bench;

/// <summary>Draws key numbers with a Zipf distribution (exponent 1) ahead of time, so that drawing is not measured.</summary>
internal static class ZipfSampler
{
    /// <param name="keys">Number of keys.</param>
    /// <param name="count">Number of draws.</param>
    /// <param name="seed">Makes the draws repeatable.</param>
    public static int[] Draw(int keys, int count, int seed)
    {
        var random = new Random(seed);
        double harmonic = Math.Log(keys + 1);
        int[] draws = new int[count];
        for (int i = 0; i < count; i++)
        {
            // The inverse of the continuous distribution: rank = e^(u ln(n + 1)) - 1, scattered over the key numbers.
            long rank = (long)(Math.Exp(random.NextDouble() * harmonic) - 1);
            draws[i] = (int)(Math.Min(rank, keys - 1) * 2654435761L % keys);
        }
        return draws;
    }

    /// <summary>Uniform draws.</summary>
    public static int[] DrawUniform(int keys, int count, int seed)
    {
        var random = new Random(seed);
        int[] draws = new int[count];
        for (int i = 0; i < count; i++)
        {
            draws[i] = random.Next(keys);
        }
        return draws;
    }
}
