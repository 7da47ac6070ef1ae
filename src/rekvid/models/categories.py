"""The names of label categories."""

from __future__ import annotations

import enum


class LabelCategoryName(enum.StrEnum):
    """The categories of labels (developer guide, "Detecting labels", label model 3.0).

    For ``include_categories`` and ``exclude_categories``, and to compare `LabelCategory.name` with. The service may
    know more: a name that isn't here is a plain string.
    """

    ACTIONS = "Actions"
    ANIMALS_AND_PETS = "Animals and Pets"
    APPAREL_AND_ACCESSORIES = "Apparel and Accessories"
    BEAUTY_AND_PERSONAL_CARE = "Beauty and Personal Care"
    BUILDINGS_AND_ARCHITECTURE = "Buildings and Architecture"
    COLORS_AND_VISUAL_COMPOSITION = "Colors and Visual Composition"
    DAMAGE_DETECTION = "Damage Detection"
    EDUCATION = "Education"
    EVENTS_AND_ATTRACTIONS = "Events and Attractions"
    EVERYDAY_OBJECTS = "Everyday Objects"
    EXPRESSIONS_AND_EMOTIONS = "Expressions and Emotions"
    FOOD_AND_BEVERAGE = "Food and Beverage"
    FURNITURE_AND_FURNISHINGS = "Furniture and Furnishings"
    HEALTH_AND_FITNESS = "Health and Fitness"
    HOBBIES_AND_INTERESTS = "Hobbies and Interests"
    HOME_AND_INDOORS = "Home and Indoors"
    HOME_APPLIANCES = "Home Appliances"
    KITCHEN_AND_DINING = "Kitchen and Dining"
    MATERIALS = "Materials"
    MEDICAL = "Medical"
    NATURE_AND_OUTDOORS = "Nature and Outdoors"
    OFFICES_AND_WORKSPACES = "Offices and Workspaces"
    PATTERNS_AND_SHAPES = "Patterns and Shapes"
    PERFORMING_ARTS = "Performing Arts"
    PERSON_DESCRIPTION = "Person Description"
    PLANTS_AND_FLOWERS = "Plants and Flowers"
    POPULAR_LANDMARKS = "Popular Landmarks"
    PROFESSION = "Profession"
    PUBLIC_SAFETY = "Public Safety"
    RELIGION = "Religion"
    SPORTS = "Sports"
    SYMBOLS_AND_FLAGS = "Symbols and Flags"
    TECHNOLOGY_AND_COMPUTING = "Technology and Computing"
    TEXT_AND_DOCUMENTS = "Text and Documents"
    TOOLS_AND_MACHINERY = "Tools and Machinery"
    TOYS_AND_GAMING = "Toys and Gaming"
    TRANSPORT_AND_LOGISTICS = "Transport and Logistics"
    TRAVEL_AND_ADVENTURE = "Travel and Adventure"
    VEHICLES_AND_AUTOMOTIVE = "Vehicles and Automotive"
    WEAPONS_AND_MILITARY = "Weapons and Military"
