namespace Quota.Grains;

/// <summary>Where one attribute's name and value stand in a request's buffer, in bytes.</summary>
public readonly record struct AttributeRange(int NameStart, int NameLength, int ValueStart, int ValueLength);
