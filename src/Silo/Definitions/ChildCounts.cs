namespace Quota.Silo.Definitions;

/// <summary>
/// The keys directly below a key, counted by how many levels there are below each of them. That is all it takes to keep the
/// height of every key known while keys move, without a list of anybody's children.
/// </summary>
internal sealed class ChildCounts
{
    /// <summary>At rest there are at most three; a bulk change may for a moment stack what it moves onto what it has not moved yet.</summary>
    private const int HeightMax = 8;

    private readonly int[] _byHeight = new int[HeightMax];

    /// <summary>Keys directly below.</summary>
    public int Children { get; private set; }

    /// <summary>Levels below.</summary>
    public int Height => Array.FindLastIndex(_byHeight, n => n > 0) + 1;

    public void Add(int height)
    {
        _byHeight[Math.Min(height, HeightMax - 1)]++;
        Children++;
    }

    public void Remove(int height)
    {
        _byHeight[Math.Min(height, HeightMax - 1)]--;
        Children--;
    }
}
